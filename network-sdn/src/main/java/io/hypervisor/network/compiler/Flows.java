package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Hashes;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Collects the flows of one {@link Part}. */
final class Flows {
    private final List<Written> written = new ArrayList<>();
    private final SortedSet<Meter> meters = new TreeSet<>();
    private final SortedMap<Long, String> served = new TreeMap<>();

    /** What tells a flow from others. */
    record Place(Stage stage, int priority, List<Match> matches) {
        static Place of(Flow flow) {
            return new Place(flow.stage(), flow.priority(), flow.matches());
        }
    }

    /**
     * A flow as a part wrote it.
     *
     * @param clause it is joined with what others write of the same place
     */
    record Written(Flow flow, String serves, boolean clause) {}

    /**
     * Begins a flow.
     *
     * @param serves what it serves, such as "port ID"; empty: no one thing
     */
    Draft in(Stage stage, int priority, String serves) {
        return new Draft(stage, priority, serves);
    }

    int meter(Meter meter) {
        meters.add(meter);
        return meter.id();
    }

    /** The cookie that stands for what a flow serves. */
    long cookie(String serves) {
        if (serves.isEmpty()) {
            return 0;
        }
        // The switch uses the number of all ones for itself.
        long cookie = Hashes.of64(serves) & Long.MAX_VALUE;
        served.put(cookie, serves);
        return cookie;
    }

    /** In the order in which they were written. */
    List<Written> written() {
        return written;
    }

    SortedSet<Meter> meters() {
        return meters;
    }

    /** What cookies stand for. */
    SortedMap<Long, String> served() {
        return served;
    }

    /** A flow whose matches are being listed. */
    final class Draft {
        private final Stage stage;
        private final int priority;
        private final String serves;
        private final List<Match> matches = new ArrayList<>();

        private Draft(Stage stage, int priority, String serves) {
            this.stage = stage;
            this.priority = priority;
            this.serves = serves;
        }

        Draft is(Match match) {
            matches.add(match);
            return this;
        }

        Draft is(Field field, long value) {
            return is(Match.of(field, value));
        }

        Draft is(Field field, Mac mac) {
            return is(Match.of(field, mac));
        }

        Draft is(Field field, Address address) {
            return is(Match.of(field, address));
        }

        Draft is(Field field, Origin origin) {
            return is(field, origin.code());
        }

        /** No VLAN tag. */
        Draft untagged() {
            return is(Field.VLAN, 0);
        }

        Draft arp() {
            return is(Field.ETH_TYPE, Match.ARP);
        }

        Draft ip(boolean v6) {
            return is(Field.ETH_TYPE, v6 ? Match.IPV6 : Match.IPV4);
        }

        /** An IP packet from one of these addresses. */
        Draft from(Prefix prefix) {
            ip(prefix.v6());
            return prefix.length() == 0
                    ? this
                    : is(Match.of(prefix.v6() ? Field.IP6_SRC : Field.IP_SRC, prefix));
        }

        /** An IP packet to one of these addresses. */
        Draft to(Prefix prefix) {
            ip(prefix.v6());
            return prefix.length() == 0
                    ? this
                    : is(Match.of(prefix.v6() ? Field.IP6_DST : Field.IP_DST, prefix));
        }

        Draft udp(boolean v6, int from, int to) {
            return ip(v6).is(Field.IP_PROTO, Match.UDP)
                    .is(Field.PORT_SRC, from)
                    .is(Field.PORT_DST, to);
        }

        Draft icmp6(int type) {
            return ip(true).is(Field.IP_PROTO, Match.ICMP6).is(Field.ICMP6_TYPE, type);
        }

        void then(Action... actions) {
            then(Arrays.asList(actions));
        }

        void then(Collection<Action> actions) {
            write(List.copyOf(actions), false);
        }

        void drop() {
            then();
        }

        /**
         * One clause of a conjunction; flows that match the same are one flow of all their clauses.
         */
        void clause(Action.Conjunction clause) {
            write(List.of(clause), true);
        }

        private void write(List<Action> actions, boolean clause) {
            Flow flow = new Flow(stage, priority, matches, actions, cookie(serves));
            written.add(new Written(flow, serves, clause));
        }
    }
}
