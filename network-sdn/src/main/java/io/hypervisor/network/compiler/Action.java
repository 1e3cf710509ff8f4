package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.math.BigInteger;

/** One thing that a flow does to a packet. */
public sealed interface Action {
    /** As ovs-ofctl writes it. */
    String text();

    /** Writes a field. */
    record Set(Field field, BigInteger value) implements Action {
        @Override
        public String text() {
            return "set_field:" + field.show(value) + "->" + field.symbol();
        }
    }

    /** Copies a field. */
    record Copy(Field from, Field to) implements Action {
        @Override
        public String text() {
            return "move:" + from.symbol() + "[]->" + to.symbol() + "[]";
        }
    }

    /** Goes on in another table; what follows here is done when it comes back. */
    record Resubmit(Stage stage) implements Action {
        @Override
        public String text() {
            return "resubmit(," + stage.table() + ")";
        }
    }

    /**
     * Looks the connection up, in the zone that a register names; a copy goes on with ct_state set.
     */
    record Track(Field zone, Stage next) implements Action {
        @Override
        public String text() {
            return "ct(table=" + next.table() + ",zone=" + zone.symbol() + "[0..15])";
        }
    }

    /** Remembers the connection, with a mark that decides whether its replies pass. */
    record Commit(Field zone, int mark) implements Action {
        /** Replies pass. */
        static final int OPEN = 0;

        /** No rule allows it any more. */
        static final int BLOCKED = 1;

        @Override
        public String text() {
            return "ct(commit,zone="
                    + zone.symbol()
                    + "[0..15],exec(set_field:"
                    + mark
                    + "->ct_mark))";
        }
    }

    /** Remembers the connection and translates its source or target, there and back. */
    record Translate(int zone, boolean source, Address to, Stage next) implements Action {
        @Override
        public String text() {
            return "ct(commit,table="
                    + next.table()
                    + ",zone="
                    + zone
                    + ",nat("
                    + (source ? "src=" : "dst=")
                    + to
                    + "))";
        }
    }

    /** Translates a packet of a translated connection; others stay as they are. */
    record Untranslate(int zone, Stage next) implements Action {
        @Override
        public String text() {
            return "ct(table=" + next.table() + ",zone=" + zone + ",nat)";
        }
    }

    /** Forgets what connection tracking said. */
    record ClearTracking() implements Action {
        @Override
        public String text() {
            return "ct_clear";
        }
    }

    /** This flow is one clause of a conjunction; see {@link Field#CONJUNCTION}. */
    record Conjunction(int id, int clause, int of) implements Action {
        @Override
        public String text() {
            return "conjunction(" + id + "," + clause + "/" + of + ")";
        }
    }

    /** Sends to an interface, unless it came from there. */
    record Output(int port) implements Action {
        @Override
        public String text() {
            return "output:" + port;
        }
    }

    /** Sends back to where it came from. */
    record Reflect() implements Action {
        @Override
        public String text() {
            return "IN_PORT";
        }
    }

    /** Drops what exceeds a rate. Only as the first action. */
    record Measure(int meter) implements Action {
        @Override
        public String text() {
            return "meter:" + meter;
        }
    }

    /** Gives the packet to the agent, with all registers; see {@link Question}. */
    record Ask() implements Action {
        @Override
        public String text() {
            return "CONTROLLER:65535";
        }
    }

    /** Tags a frame. */
    record PushVlan(int vlan) implements Action {
        @Override
        public String text() {
            return "push_vlan:0x8100,set_field:" + (0x1000 | vlan) + "->vlan_vid";
        }
    }

    /** Takes the tag off. */
    record PopVlan() implements Action {
        @Override
        public String text() {
            return "pop_vlan";
        }
    }

    /** One hop less. Only where it is above 1. */
    record DecrementTtl() implements Action {
        @Override
        public String text() {
            return "dec_ttl";
        }
    }

    /**
     * Remembers in {@link Stage#LEARNED} which MAC address has the address, for five minutes after
     * the last use: the flow there writes the MAC address and {@link Field#FOUND}.
     */
    record Learn(Field hop, Field address, Field mac, long cookie) implements Action {
        public static final int IDLE_SECONDS = 300;
        public static final int MOST = 4096;
        public static final int PRIORITY = 1;

        /** What packets are that use it. */
        public int etherType() {
            return hop == Field.NEXT_HOP ? Match.IPV4 : Match.IPV6;
        }

        @Override
        public String text() {
            return "learn(table="
                    + Stage.LEARNED.table()
                    + ",idle_timeout="
                    + IDLE_SECONDS
                    + ",limit="
                    + MOST
                    + ",priority="
                    + PRIORITY
                    + ",cookie=0x"
                    + Long.toHexString(cookie)
                    + ",eth_type=0x"
                    + Integer.toHexString(etherType())
                    + ","
                    + Field.NETWORK.symbol()
                    + "[],"
                    + hop.symbol()
                    + "[]="
                    + address.symbol()
                    + "[],load:"
                    + mac.symbol()
                    + "[]->dl_dst[],load:1->"
                    + Field.FOUND.symbol()
                    + "[])";
        }
    }

    static Action set(Field field, long value) {
        return new Set(field, BigInteger.valueOf(value));
    }

    static Action set(Field field, Origin origin) {
        return set(field, origin.code());
    }

    static Action set(Field field, Question question) {
        return set(field, question.code());
    }

    static Action set(Field field, Mac mac) {
        return set(field, mac.bits());
    }

    static Action set(Field field, Address address) {
        return new Set(field, address.bits());
    }
}
