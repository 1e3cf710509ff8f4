package io.hypervisor.network.ovs;

import io.hypervisor.network.compiler.Meter;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The few messages of OpenFlow 1.3 that carry packets and meters; those with flows are made by
 * {@link FlowMods}. All are big-endian, as ByteBuffer is.
 */
final class OpenFlow {
    static final int HELLO = 0;
    static final int ERROR = 1;
    static final int ECHO_REQUEST = 2;
    static final int ECHO_REPLY = 3;
    static final int PACKET_IN = 10;
    static final int BARRIER_REPLY = 21;
    static final int MULTIPART_REPLY = 19;

    static final int HEADER = 8;

    static final int VERSION = 4;
    private static final int EXPERIMENTER = 4;
    private static final int SET_CONFIG = 9;
    private static final int PACKET_OUT = 13;
    private static final int MULTIPART_REQUEST = 18;
    private static final int BARRIER_REQUEST = 20;
    private static final int SET_ASYNC = 28;
    private static final int METER_MOD = 29;

    private static final int MULTIPART_METER_CONFIG = 10;
    private static final int ALL_METERS = 0xFFFF_FFFF;
    private static final int METER_FLAGS_KBPS = 0x1;
    private static final int METER_FLAGS_PKTPS = 0x2;
    private static final int METER_FLAGS_BURST = 0x4;
    private static final int METER_BAND_DROP = 1;

    private static final int NICIRA = 0x2320;
    private static final int CT_FLUSH_ZONE = 29;

    private static final int WHOLE_PACKET = 0xFFFF;
    private static final int NO_BUFFER = 0xFFFF_FFFF;
    private static final int PORT_CONTROLLER = 0xFFFF_FFFD;
    // By a table's last flow, or by another.
    private static final int REASONS = 1 | 1 << 1;
    private static final int OXM_IN_PORT = 0x8000_0004;
    // Register 0; the number is in bits 9 to 15.
    private static final int NXM_REGISTER = 0x0001_0004;
    private static final int REGISTER_NUMBER = 0x1E00;

    private OpenFlow() {}

    /** What to do with a meter. */
    enum MeterCommand {
        ADD(0),
        MODIFY(1),
        DELETE(2);

        private final int code;

        MeterCommand(int code) {
            this.code = code;
        }
    }

    private static ByteBuffer message(int type, int xid, int length) {
        return ByteBuffer.allocate(HEADER + length)
                .put((byte) VERSION)
                .put((byte) type)
                .putShort((short) (HEADER + length))
                .putInt(xid);
    }

    /** Offers 1.3 alone. */
    static ByteBuffer hello() {
        return message(HELLO, 0, 8)
                .putShort((short) 1)
                .putShort((short) 8)
                .putInt(1 << VERSION)
                .flip();
    }

    static ByteBuffer echoRequest() {
        return message(ECHO_REQUEST, 0, 0).flip();
    }

    static ByteBuffer echoReply(int xid, ByteBuffer payload) {
        return message(ECHO_REPLY, xid, payload.remaining()).put(payload).flip();
    }

    static ByteBuffer barrier(int xid) {
        return message(BARRIER_REQUEST, xid, 0).flip();
    }

    /** Asks for whole packets; without it a connection like ours gets none. */
    static ByteBuffer setConfig() {
        return message(SET_CONFIG, 0, 4).putShort((short) 0).putShort((short) WHOLE_PACKET).flip();
    }

    /** Asks for packets that an action sent, and for nothing else. */
    static ByteBuffer setAsync() {
        return message(SET_ASYNC, 0, 24).putInt(REASONS).position(HEADER + 24).flip();
    }

    /** Forgets the connections that were tracked in a zone. */
    static ByteBuffer flushZone(int xid, int zone) {
        return message(EXPERIMENTER, xid, 16)
                .putInt(NICIRA)
                .putInt(CT_FLUSH_ZONE)
                .position(HEADER + 14)
                .putShort((short) zone)
                .flip();
    }

    /** Sends a frame out of a port. */
    static ByteBuffer packetOut(int port, ByteBuffer frame) {
        return message(PACKET_OUT, 0, 16 + 16 + frame.remaining())
                .putInt(NO_BUFFER)
                .putInt(PORT_CONTROLLER)
                .putShort((short) 16)
                .position(HEADER + 16)
                // The action "output".
                .putShort((short) 0)
                .putShort((short) 16)
                .putInt(port)
                .position(HEADER + 32)
                .put(frame.duplicate())
                .flip();
    }

    static ByteBuffer meterMod(int xid, MeterCommand command, Meter meter) {
        int flags = meter.ofBits() ? METER_FLAGS_KBPS : METER_FLAGS_PKTPS;
        return message(METER_MOD, xid, 8 + 16)
                .putShort((short) command.code)
                .putShort((short) (flags | METER_FLAGS_BURST))
                .putInt(meter.id())
                .putShort((short) METER_BAND_DROP)
                .putShort((short) 16)
                .putInt((int) meter.rate())
                .putInt((int) meter.burst())
                .position(HEADER + 24)
                .flip();
    }

    /** Asks which meters there are. */
    static ByteBuffer meterConfigRequest(int xid) {
        return message(MULTIPART_REQUEST, xid, 16)
                .putShort((short) MULTIPART_METER_CONFIG)
                .position(HEADER + 8)
                .putInt(ALL_METERS)
                .position(HEADER + 16)
                .flip();
    }

    /** A packet-in's body; empty if it is not one that we can read. */
    static Optional<PacketIn> packetIn(ByteBuffer body) {
        if (body.remaining() < 20) {
            return Optional.empty();
        }
        // Before the match: buffer, length, reason, table, cookie.
        body.position(18);
        int matchLength = Short.toUnsignedInt(body.getShort());
        // The match is padded to 8 bytes; two more align the packet's network header.
        int frameStart = 16 + (matchLength + 7) / 8 * 8 + 2;
        if (matchLength < 4 || frameStart > body.limit()) {
            return Optional.empty();
        }
        byte[] frame = new byte[body.limit() - frameStart];
        body.get(frameStart, frame);
        Map<Integer, Integer> registers = new HashMap<>();
        int inPort = 0;
        body.limit(16 + matchLength);
        while (body.remaining() >= 8) {
            int header = body.getInt();
            int length = header & 0xFF;
            if (header == OXM_IN_PORT) {
                inPort = body.getInt(body.position());
            } else if ((header & ~REGISTER_NUMBER) == NXM_REGISTER) {
                registers.put((header & REGISTER_NUMBER) >> 9, body.getInt(body.position()));
            }
            body.position(Math.min(body.position() + length, body.limit()));
        }
        return Optional.of(new PacketIn(inPort, registers, ByteBuffer.wrap(frame)));
    }

    /** The meters of a multipart reply's body, those of one band. */
    static List<Meter> meterConfigs(ByteBuffer body) {
        List<Meter> meters = new ArrayList<>();
        body.position(Math.min(8, body.limit()));
        while (body.remaining() >= 24) {
            int start = body.position();
            int length = Short.toUnsignedInt(body.getShort());
            boolean ofBits = (body.getShort() & METER_FLAGS_KBPS) != 0;
            int id = body.getInt();
            long rate = Integer.toUnsignedLong(body.getInt(start + 12));
            long burst = Integer.toUnsignedLong(body.getInt(start + 16));
            meters.add(new Meter(id, ofBits, rate, burst));
            body.position(Math.clamp(start + length, start + 8, body.limit()));
        }
        return meters;
    }

    /** What an error's body says. */
    static String error(ByteBuffer body) {
        return body.remaining() < 4
                ? "an error without a type"
                : "the switch refuses: error type " + body.getShort() + " code " + body.getShort();
    }
}
