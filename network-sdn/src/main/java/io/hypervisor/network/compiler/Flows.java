package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Hashes;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Collects the flows of one compilation. */
final class Flows {
    private final Map<Place, Flow> flows = new HashMap<>();
    private final SortedSet<Meter> meters = new TreeSet<>();
    private final SortedMap<Long, String> served = new TreeMap<>();
    private final List<String> conflicts = new ArrayList<>();

    /** What tells a flow from others. */
    private record Place(Stage stage, int priority, List<Match> matches) {
        static Place of(Flow flow) {
            return new Place(flow.stage(), flow.priority(), flow.matches());
        }
    }

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

    FlowTable table() {
        return new FlowTable(
                Collections.unmodifiableSortedSet(new TreeSet<>(flows.values())),
                Collections.unmodifiableSortedSet(meters),
                Collections.unmodifiableSortedMap(served),
                List.copyOf(conflicts));
    }

    // What has the smaller id was there first and keeps what both claim.
    private void put(Flow flow, String serves) {
        Flow old = flows.putIfAbsent(Place.of(flow), flow);
        if (old != null && !old.actions().equals(flow.actions())) {
            conflicts.add(
                    serves + " is shadowed by " + served.get(old.cookie()) + ": " + flow.body());
        }
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
            put(new Flow(stage, priority, matches, List.copyOf(actions), cookie(serves)), serves);
        }

        void drop() {
            then();
        }

        /**
         * One clause of a conjunction; flows that match the same are one flow of all their clauses.
         */
        void clause(Action.Conjunction clause) {
            Flow alone = new Flow(stage, priority, matches, List.of(clause), cookie(serves));
            flows.merge(Place.of(alone), alone, Draft::joined);
        }

        private static Flow joined(Flow old, Flow added) {
            List<Action> actions = new ArrayList<>(old.actions());
            actions.removeAll(added.actions());
            actions.addAll(added.actions());
            return new Flow(old.stage(), old.priority(), old.matches(), actions, old.cookie());
        }
    }
}
