package io.hypervisor.sim;

import io.hypervisor.agent.journal.Intent;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.feed.NodeDocuments;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;
import io.hypervisor.controller.store.Store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Incremental equals recomputed. Every snapshot that a replica publishes is that of its revision
 * (records, indexes, rooms, views), checked for what changed at once and as a whole now and then
 * against a load of the store's content; and what a node's journal made of its deltas equals the
 * full document of that revision.
 */
final class Derived implements Checker {
    static final String NAME = "derived";

    private static final int WHOLE_EVERY = 64;

    private record Position(long term, long revision) {}

    private final Cluster cluster;
    private final Truth truth;
    private final Map<Integer, Cluster.Shown> seen = new HashMap<>();
    private final Map<Integer, Position> positions = new HashMap<>();
    private int commits;

    Derived(Cluster cluster, Truth truth) {
        this.cluster = cluster;
        this.truth = truth;
    }

    @Override
    public void committed(Truth.Commit commit) {
        commits++;
        if (commits % WHOLE_EVERY == 0 && commit.revision() == cluster.revision()) {
            requireSame("the store's content", load(cluster.content()), commit.after());
        }
    }

    private static Snapshot load(Store.Loaded content) {
        List<Snapshot.Loaded> records = new ArrayList<>();
        for (Store.Stored stored : content.entries()) {
            Store.Write write = new Store.Write(stored.key(), Optional.of(stored.value()));
            records.add(new Snapshot.Loaded(Edit.fromWrite(write), stored.revision()));
        }
        return Snapshot.load(content.revision(), records);
    }

    @Override
    public void step() {
        for (Cluster.ControllerHost controller : cluster.controllers()) {
            controller.shown().ifPresent(shown -> snapshot(controller.index(), shown));
        }
        for (Cluster.NodeHost node : cluster.nodes()) {
            node.intent()
                    .filter(intent -> moved(node.index(), intent))
                    .ifPresent(intent -> document(node, intent));
        }
    }

    private boolean moved(int node, Intent intent) {
        Position now = new Position(intent.term(), intent.revision());
        return !now.equals(positions.put(node, now));
    }

    private void snapshot(int index, Cluster.Shown shown) {
        Snapshot now = shown.snapshot();
        Cluster.Shown last = seen.put(index, shown);
        if (last != null && last.snapshot() == now) {
            return;
        }
        if (now.revision() == 0) {
            return;
        }
        String who = "controller " + index;
        Snapshot expected = truth.at(now.revision());
        if (expected.revision() != now.revision()) {
            throw new Violation(
                    NAME,
                    who + " shows revision " + now.revision() + ", which was never committed");
        }
        boolean whole =
                last == null
                        || last.process() != shown.process()
                        || now.revision() <= last.snapshot().revision()
                        || now.revision() % WHOLE_EVERY == 0;
        if (whole) {
            requireSame(who, now, expected);
            return;
        }
        Snapshot before = last.snapshot();
        Set<String> ids = changed(before, expected);
        ids.addAll(changed(before, now));
        ids.forEach(id -> requireSame(who, id, now, expected));
    }

    /** Ids of anything of which some record differs; what is shared compares at once. */
    private static Set<String> changed(Snapshot before, Snapshot after) {
        Set<String> ids = new TreeSet<>();
        for (String id : all(before, after)) {
            boolean same =
                    revision(before.instance(id)) == revision(after.instance(id))
                            && revision(before.placement(id)) == revision(after.placement(id))
                            && revision(before.observed(id)) == revision(after.observed(id))
                            && revision(before.node(id)) == revision(after.node(id))
                            && revision(before.health(id)) == revision(after.health(id));
            if (!same) {
                ids.add(id);
                nodeOf(before, id).ifPresent(ids::add);
                nodeOf(after, id).ifPresent(ids::add);
            }
        }
        return ids;
    }

    private static long revision(Optional<? extends Entry<?>> entry) {
        return entry.map(Entry::revision).orElse(0L);
    }

    private static Optional<String> nodeOf(Snapshot now, String id) {
        return now.placement(id).map(p -> p.value().getNodeId()).filter(n -> !n.isEmpty());
    }

    private static Set<String> all(Snapshot a, Snapshot b) {
        Set<String> ids = new TreeSet<>(a.instances().keySet());
        ids.addAll(b.instances().keySet());
        ids.addAll(a.nodes().keySet());
        ids.addAll(b.nodes().keySet());
        return ids;
    }

    /** All of it. */
    static void requireSame(String who, Snapshot actual, Snapshot expected) {
        for (String id : all(actual, expected)) {
            requireSame(who, id, actual, expected);
        }
        require(who, "locals", actual.locals(), expected.locals());
        require(who, "cluster", actual.cluster(), expected.cluster());
        require(who, "leader", actual.leader(), expected.leader());
        require(who, "unplaced", actual.unplaced(), expected.unplaced());
        require(
                who,
                "rooms",
                new HashSet<>(actual.rooms().all()),
                new HashSet<>(expected.rooms().all()));
        require(who, "open nodes", actual.rooms().openCount(), expected.rooms().openCount());
        require(who, "emptiest node", best(actual, true), best(expected, true));
        require(who, "fullest node", best(actual, false), best(expected, false));
        labels(expected)
                .forEach(
                        label ->
                                require(
                                        who,
                                        "nodes by label " + label,
                                        byLabel(actual, label),
                                        byLabel(expected, label)));
    }

    private static Optional<Room> best(Snapshot now, boolean emptiest) {
        return now.rooms()
                .best(Resources.getDefaultInstance(), emptiest, group -> true, room -> true);
    }

    private static Set<Map.Entry<String, String>> labels(Snapshot now) {
        Set<Map.Entry<String, String>> labels = new HashSet<>();
        now.instances()
                .values()
                .forEach(e -> labels.addAll(e.value().getMetadata().getLabelsMap().entrySet()));
        return labels;
    }

    private static Map<String, Integer> byLabel(Snapshot now, Map.Entry<String, String> label) {
        return now.nodesByInstanceLabel(label.getKey(), label.getValue());
    }

    private static void requireSame(String who, String id, Snapshot actual, Snapshot expected) {
        require(who, "instance " + id, actual.instance(id), expected.instance(id));
        require(who, "placement of " + id, actual.placement(id), expected.placement(id));
        require(who, "observed of " + id, actual.observed(id), expected.observed(id));
        require(who, "node " + id, actual.node(id), expected.node(id));
        require(who, "health of " + id, actual.health(id), expected.health(id));
        require(who, "placed on " + id, actual.placedOn(id), expected.placedOn(id));
        require(who, "reserved on " + id, actual.reservedOn(id), expected.reservedOn(id));
        require(who, "running on " + id, actual.runningOn(id), expected.runningOn(id));
        require(who, "room of " + id, actual.rooms().of(id), expected.rooms().of(id));
        require(who, "unplaced " + id, unplaced(actual, id), unplaced(expected, id));
        require(who, "view of " + id, Views.instance(actual, id), Views.instance(expected, id));
        require(who, "node view " + id, NodeViews.node(actual, id), NodeViews.node(expected, id));
        for (Snapshot each : List.of(actual, expected)) {
            each.instance(id).map(Entry::value).ifPresent(r -> requireFound(who, r, actual));
            each.node(id).map(Entry::value).ifPresent(n -> requireFound(who, n, actual));
        }
    }

    private static boolean unplaced(Snapshot now, String id) {
        return now.unplaced().contains(id);
    }

    private static void requireFound(String who, InstanceRecord record, Snapshot in) {
        Optional<String> id = Optional.of(record.getId());
        require(who, "name " + record.getName(), in.instanceByName(record.getName()), id);
        if (!record.getRequestId().isEmpty()) {
            Optional<String> found = in.instanceByRequest(record.getRequestId());
            require(who, "request_id " + record.getRequestId(), found, id);
        }
    }

    private static void requireFound(String who, NodeRecord node, Snapshot in) {
        Optional<String> found = in.nodeByHostname(node.getHostname());
        require(who, "hostname " + node.getHostname(), found, Optional.of(node.getId()));
    }

    private void document(Cluster.NodeHost node, Intent intent) {
        if (intent.revision() == 0) {
            return;
        }
        String who = "journal of " + node.hostname();
        Snapshot then = truth.at(intent.revision());
        if (then.revision() != intent.revision()) {
            throw new Violation(
                    NAME, who + " holds revision " + intent.revision() + ", never committed");
        }
        Optional<String> id = then.nodeByHostname(node.hostname());
        if (id.isEmpty()) {
            return;
        }
        List<Assignment> expected =
                NodeDocuments.document(then, id.get(), intent.clusterId(), intent.term())
                        .getAssignmentsList();
        List<Assignment> actual = List.copyOf(intent.assignments().values());
        require(who + " at revision " + intent.revision(), "assignments", actual, expected);
    }

    private static void require(String who, String what, Object actual, Object expected) {
        if (!Objects.equals(actual, expected)) {
            throw new Violation(
                    NAME, "%s: %s: %s (expected: %s)".formatted(who, what, actual, expected));
        }
    }
}
