package io.hypervisor.network.ovs;

import io.hypervisor.network.compiler.Action;
import io.hypervisor.network.compiler.Field;
import io.hypervisor.network.compiler.Flow;
import io.hypervisor.network.compiler.FlowChanges;
import io.hypervisor.network.compiler.Match;
import io.hypervisor.network.compiler.Meter;
import io.hypervisor.network.compiler.Stage;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** A few flows of the first table, and what turns them into others. */
final class Flows {
    static final Match ARP = is(Field.ETH_TYPE, 0x0806);
    static final Match IPV4 = is(Field.ETH_TYPE, 0x0800);

    private List<Flow> before = List.of();

    static Match is(Field field, long value) {
        return new Match(field, BigInteger.valueOf(value), field.ones());
    }

    static Flow flow(int priority, List<Match> matches, Action... actions) {
        return new Flow(Stage.CLASSIFY, priority, matches, List.of(actions), 7);
    }

    static Flow drop(int priority) {
        return flow(priority, List.of());
    }

    /** What turns those that were told last into these. */
    FlowChanges to(List<Flow> flows, List<Meter> meters) {
        List<Flow> removed = new ArrayList<>(before);
        removed.removeIf(old -> flows.stream().anyMatch(flow -> flow.key().equals(old.key())));
        List<Flow> put = new ArrayList<>(flows);
        put.removeAll(before);
        before = flows;
        return new FlowChanges(removed, put, new TreeSet<>(meters), List.of(), flows.size());
    }
}
