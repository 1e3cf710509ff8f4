package io.hypervisor.network.ovs;

import io.hypervisor.network.compiler.Action;
import io.hypervisor.network.compiler.Field;
import io.hypervisor.network.compiler.Flow;
import io.hypervisor.network.compiler.Match;
import io.hypervisor.network.compiler.Stage;
import io.hypervisor.network.model.Address;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Flows as messages of OpenFlow 1.3 with Open vSwitch's fields and actions, in a bundle: the switch
 * does all that is in it, or nothing.
 */
final class FlowMods {
    private static final int MOST = 0xFFFF;
    private static final int FLOW_MOD = 14;
    private static final int EXPERIMENTER = 4;
    private static final int ONF = 0x4F4E_4600;
    private static final int OPEN = 0;
    private static final int COMMIT = 4;
    private static final int DISCARD = 6;
    private static final int BUNDLE_CONTROL = 2300;
    private static final int BUNDLE_ADD = 2301;
    // All or nothing, in this order.
    private static final int BUNDLE_FLAGS = 3;

    private static final int ADD = 0;
    private static final int DELETE_STRICT = 4;
    private static final int ANY = 0xFFFF_FFFF;
    private static final int NONE = 0xFFFF_FFFF;

    private static final int INSTRUCTION_APPLY = 4;
    private static final int INSTRUCTION_METER = 6;

    private static final int OUTPUT = 0;
    private static final int PUSH_VLAN = 17;
    private static final int POP_VLAN = 18;
    private static final int DECREMENT_TTL = 24;
    private static final int SET_FIELD = 25;
    private static final int VENDOR = 0xFFFF;
    private static final int NICIRA = 0x2320;
    private static final int MOVE = 6;
    private static final int RESUBMIT_TABLE = 14;
    private static final int CONJUNCTION = 34;
    private static final int TRACK = 35;
    private static final int TRANSLATE = 36;
    private static final int CLEAR_TRACKING = 43;
    private static final int LEARN = 45;

    private static final int PORT_IN = 0xFFFF_FFF8;
    private static final int PORT_IN_SHORT = 0xFFF8;
    private static final int PORT_CONTROLLER = 0xFFFF_FFFD;
    private static final int VLAN_ETHER_TYPE = 0x8100;
    private static final int WHOLE_PACKET = 0xFFFF;
    private static final int UDP = 17;
    private static final int NO_TABLE = 0xFF;
    private static final int TRACK_COMMIT = 1;
    // Bits 0 to 15 of a register.
    private static final int LOW_HALF = 15;
    private static final int IPV4_FIRST = 1;
    private static final int IPV6_FIRST = 4;

    private static final int LEARN_IMMEDIATE = 1 << 13;
    private static final int LEARN_LOAD = 1 << 11;

    private final ByteBuffer out = ByteBuffer.allocate(MOST);

    private FlowMods() {}

    /** Opens a bundle of that number and puts all changes into it. */
    static List<ByteBuffer> bundle(int xid, List<Flow> removed, List<Flow> put) {
        FlowMods message = new FlowMods();
        List<ByteBuffer> messages = new ArrayList<>();
        messages.add(message.control(xid, OPEN));
        removed.forEach(flow -> messages.add(message.change(xid, DELETE_STRICT, flow)));
        put.forEach(flow -> messages.add(message.change(xid, ADD, flow)));
        return messages;
    }

    /** Has a bundle done. */
    static ByteBuffer commit(int xid) {
        return new FlowMods().control(xid, COMMIT);
    }

    /** Forgets a bundle. */
    static ByteBuffer discard(int xid) {
        return new FlowMods().control(xid, DISCARD);
    }

    private ByteBuffer control(int xid, int what) {
        begin(xid, BUNDLE_CONTROL, what);
        return done();
    }

    private ByteBuffer change(int xid, int command, Flow flow) {
        begin(xid, BUNDLE_ADD, 0);
        int inner = out.position();
        header(FLOW_MOD, xid);
        flow(command, flow);
        length(inner);
        return done();
    }

    // The bundle has the number of the request.
    private void begin(int xid, int type, int what) {
        out.clear();
        header(EXPERIMENTER, xid);
        out.putInt(ONF).putInt(type).putInt(xid);
        out.putShort((short) what).putShort((short) BUNDLE_FLAGS);
    }

    private void header(int type, int xid) {
        out.put((byte) OpenFlow.VERSION).put((byte) type).putShort((short) 0).putInt(xid);
    }

    private ByteBuffer done() {
        length(0);
        out.flip();
        return ByteBuffer.allocate(out.remaining()).put(out).flip();
    }

    /** Writes the length of what began there, which is behind two bytes. */
    private void length(int start) {
        out.putShort(start + 2, (short) (out.position() - start));
    }

    private void pad(int start) {
        while ((out.position() - start) % 8 != 0) {
            out.put((byte) 0);
        }
    }

    private void zeros(int count) {
        for (int i = 0; i < count; i++) {
            out.put((byte) 0);
        }
    }

    private void flow(int command, Flow flow) {
        // The cookie's mask counts for other commands.
        out.putLong(flow.cookie()).putLong(0);
        out.put((byte) flow.stage().table()).put((byte) command).putInt(0);
        out.putShort((short) flow.priority()).putInt(NONE).putInt(ANY).putInt(ANY).putInt(0);
        int match = out.position();
        out.putShort((short) 1).putShort((short) 0);
        boolean udp = flow.matches().stream().anyMatch(FlowMods::isUdp);
        flow.matches().forEach(one -> match(one, Oxm.of(one.field(), udp)));
        length(match);
        pad(match);
        if (command == ADD) {
            instructions(flow.actions());
        }
    }

    private static boolean isUdp(Match match) {
        return match.field() == Field.IP_PROTO && match.value().intValue() == UDP;
    }

    private void match(Match match, Oxm field) {
        // Of a VLAN's 16 bits the number and its presence are 13.
        boolean masked = match.field() == Field.VLAN || !match.exact();
        out.putInt(masked ? field.masked() : field.header());
        number(match.value(), field.bytes());
        if (masked) {
            number(match.mask(), field.bytes());
        }
    }

    private void number(BigInteger value, int bytes) {
        for (int i = bytes - 1; i >= 0; i--) {
            out.put(value.shiftRight(8 * i).byteValue());
        }
    }

    private void instructions(List<Action> actions) {
        List<Action> applied = actions;
        if (!actions.isEmpty() && actions.getFirst() instanceof Action.Measure measure) {
            out.putShort((short) INSTRUCTION_METER).putShort((short) 8).putInt(measure.meter());
            applied = actions.subList(1, actions.size());
        }
        if (applied.isEmpty()) {
            return;
        }
        int start = out.position();
        out.putShort((short) INSTRUCTION_APPLY).putShort((short) 0).putInt(0);
        applied.forEach(this::action);
        length(start);
    }

    private void action(Action action) {
        switch (action) {
            case Action.Set set ->
                    set(
                            set.field() == Field.IN_PORT
                                    ? Oxm.IN_PORT_WRITTEN
                                    : Oxm.of(set.field()),
                            set.value());
            case Action.Copy copy -> copy(copy);
            case Action.Resubmit resubmit -> {
                vendor(RESUBMIT_TABLE);
                out.putShort((short) PORT_IN_SHORT).put((byte) resubmit.stage().table());
                zeros(3);
            }
            case Action.Track track -> {
                int start = track(0, track.zone(), track.next().table());
                length(start);
            }
            case Action.Commit commit -> {
                int start = track(TRACK_COMMIT, commit.zone(), NO_TABLE);
                set(Oxm.of(Field.CT_MARK), BigInteger.valueOf(commit.mark()));
                length(start);
            }
            case Action.Translate translate -> {
                int start = track(TRACK_COMMIT, translate.zone(), translate.next().table());
                translate(translate.source() ? 1 : 2, translate.to());
                length(start);
            }
            case Action.Untranslate untranslate -> {
                int start = track(0, untranslate.zone(), untranslate.next().table());
                int inner = vendor(TRANSLATE);
                zeros(6);
                length(inner);
                length(start);
            }
            case Action.ClearTracking() -> {
                vendor(CLEAR_TRACKING);
                zeros(6);
            }
            case Action.Conjunction one -> {
                vendor(CONJUNCTION);
                out.put((byte) (one.clause() - 1)).put((byte) one.of()).putInt(one.id());
            }
            case Action.Output output -> output(output.port(), 0);
            case Action.Reflect() -> output(PORT_IN, 0);
            case Action.Ask() -> output(PORT_CONTROLLER, WHOLE_PACKET);
            case Action.Measure measure ->
                    throw new IllegalArgumentException("not the first action: " + measure);
            case Action.PushVlan push -> {
                plain(PUSH_VLAN, VLAN_ETHER_TYPE);
                set(Oxm.VLAN_ID, BigInteger.valueOf(0x1000 | push.vlan()));
            }
            case Action.PopVlan() -> plain(POP_VLAN, 0);
            case Action.DecrementTtl() -> plain(DECREMENT_TTL, 0);
            case Action.Learn learn -> learn(learn);
        }
    }

    private void plain(int type, int value) {
        out.putShort((short) type).putShort((short) 8).putShort((short) value).putShort((short) 0);
    }

    private void output(int port, int most) {
        out.putShort((short) OUTPUT).putShort((short) 16).putInt(port).putShort((short) most);
        zeros(6);
    }

    /** Begins an action of Open vSwitch of 16 bytes; returns where. */
    private int vendor(int subtype) {
        int start = out.position();
        out.putShort((short) VENDOR).putShort((short) 16).putInt(NICIRA).putShort((short) subtype);
        return start;
    }

    private void set(Oxm field, BigInteger value) {
        int start = out.position();
        out.putShort((short) SET_FIELD).putShort((short) 0).putInt(field.header());
        number(value, field.bytes());
        pad(start);
        length(start);
    }

    private void copy(Action.Copy copy) {
        int start = vendor(MOVE);
        Oxm from = Oxm.of(copy.from());
        Oxm to = Oxm.of(copy.to());
        out.putShort((short) (8 * from.bytes())).putInt(0);
        out.putInt(from.header()).putInt(to.header());
        length(start);
    }

    /** In the zone that a register names. */
    private int track(int flags, Field zone, int next) {
        return track(flags, Oxm.of(zone).header(), LOW_HALF, next);
    }

    private int track(int flags, int zone, int next) {
        return track(flags, 0, zone, next);
    }

    private int track(int flags, int zoneField, int zone, int next) {
        int start = vendor(TRACK);
        out.putShort((short) flags).putInt(zoneField).putShort((short) zone).put((byte) next);
        zeros(5);
        return start;
    }

    private void translate(int flags, Address to) {
        int start = vendor(TRANSLATE);
        out.putShort((short) 0).putShort((short) flags);
        out.putShort((short) (to.v6() ? IPV6_FIRST : IPV4_FIRST));
        number(to.bits(), to.v6() ? 16 : 4);
        pad(start);
        length(start);
    }

    private void learn(Action.Learn learn) {
        int start = vendor(LEARN);
        out.putShort((short) Action.Learn.IDLE_SECONDS).putShort((short) 0);
        out.putShort((short) Action.Learn.PRIORITY).putLong(learn.cookie()).putShort((short) 0);
        out.put((byte) Stage.LEARNED.table()).put((byte) 0).putInt(0);
        out.putInt(Action.Learn.MOST).putInt(0);
        fixed(Oxm.of(Field.ETH_TYPE), learn.etherType(), 0);
        same(Oxm.of(Field.NETWORK), Oxm.of(Field.NETWORK), 0);
        same(Oxm.of(learn.address()), Oxm.of(learn.hop()), 0);
        same(Oxm.of(learn.mac()), Oxm.of(Field.ETH_DST), LEARN_LOAD);
        fixed(Oxm.of(Field.FOUND), 1, LEARN_LOAD);
        pad(start);
        length(start);
    }

    /** The learned flow matches, or writes, what the packet has. */
    private void same(Oxm from, Oxm to, int kind) {
        out.putShort((short) (kind | 8 * from.bytes()));
        out.putInt(from.header()).putShort((short) 0).putInt(to.header()).putShort((short) 0);
    }

    private void fixed(Oxm to, int value, int kind) {
        out.putShort((short) (LEARN_IMMEDIATE | kind | 8 * to.bytes()));
        number(BigInteger.valueOf(value), to.bytes());
        out.putInt(to.header()).putShort((short) 0);
    }
}
