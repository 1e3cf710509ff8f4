package io.hypervisor.sim;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.state.Amounts;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Exact accounting. The sums are its own, made from the commits alone: every placed instance
 * reserves what its spec needs, no commit places more on a node than fits, the indexes of the
 * Snapshot show the same sums, and no two instances share a name or a request_id.
 */
final class Reservations implements Checker {
    static final String NAME = "reservations";

    private static final Resources NOTHING = Resources.getDefaultInstance();

    private record Placed(String node, Resources reservation) {}

    private final Map<String, Placed> placed = new HashMap<>();
    private final Map<String, Set<String>> byNode = new HashMap<>();
    private final Map<String, String> ownerOfName = new HashMap<>();
    private final Map<String, String> ownerOfRequest = new HashMap<>();

    @Override
    public void committed(Truth.Commit commit) {
        Set<String> touched = new HashSet<>();
        Map<String, Resources> grown = new HashMap<>();
        for (Edit edit : commit.edits()) {
            if (edit.table() == Table.PLACEMENT) {
                place(commit.after(), edit, touched, grown);
            } else if (edit.table() == Table.INSTANCE && edit.value().isPresent()) {
                // What it needs may have changed.
                commit.after()
                        .placement(edit.id())
                        .map(Entry::value)
                        .filter(placement -> !placement.getNodeId().isEmpty())
                        .ifPresent(placement -> exact(commit.after(), edit.id(), placement));
            }
        }
        names(commit);
        for (String node : touched) {
            check(commit.after(), node, grown.getOrDefault(node, NOTHING), commit.revision());
        }
    }

    private void place(
            Snapshot after, Edit edit, Set<String> touched, Map<String, Resources> grown) {
        String id = edit.id();
        Placed old = placed.remove(id);
        if (old != null) {
            byNode.get(old.node()).remove(id);
            touched.add(old.node());
        }
        Optional<PlacementRecord> next = after.placement(id).map(Entry::value);
        if (next.isEmpty() || next.get().getNodeId().isEmpty()) {
            return;
        }
        String node = next.get().getNodeId();
        Placed now = new Placed(node, next.get().getReservation());
        placed.put(id, now);
        byNode.computeIfAbsent(node, n -> new HashSet<>()).add(id);
        touched.add(node);
        Resources had = old == null || !old.node().equals(node) ? NOTHING : old.reservation();
        Resources more = Amounts.max(Amounts.minus(now.reservation(), had), NOTHING);
        grown.merge(node, more, Amounts::plus);
        exact(after, id, next.get());
    }

    private static void exact(Snapshot after, String id, PlacementRecord placement) {
        Optional<InstanceRecord> instance = after.instance(id).map(Entry::value);
        if (instance.isEmpty()) {
            throw new Violation(NAME, "placement of instance " + id + ", which does not exist");
        }
        if (after.node(placement.getNodeId()).isEmpty()) {
            throw new Violation(
                    NAME, "instance " + id + " is placed on a node that is not registered");
        }
        Resources needed =
                after.config().reservation(instance.get().getType(), instance.get().getSpec());
        if (!needed.equals(placement.getReservation())) {
            throw new Violation(
                    NAME,
                    "instance %s reserves %s (expected: %s)"
                            .formatted(id, placement.getReservation(), needed));
        }
    }

    private void names(Truth.Commit commit) {
        // Those that go make room for those that come, within one commit too.
        for (Edit edit : commit.edits()) {
            if (edit.table() == Table.INSTANCE && edit.value().isEmpty()) {
                ownerOfName.values().remove(edit.id());
                ownerOfRequest.values().remove(edit.id());
                if (commit.after().placement(edit.id()).isPresent()) {
                    throw new Violation(
                            NAME, "instance " + edit.id() + " is gone and keeps its reservation");
                }
            }
        }
        for (Edit edit : commit.edits()) {
            if (edit.table() == Table.INSTANCE && edit.value().isPresent()) {
                InstanceRecord record = (InstanceRecord) edit.value().get();
                own(ownerOfName, "name", record.getName(), edit.id());
                if (!record.getRequestId().isEmpty()) {
                    own(ownerOfRequest, "request_id", record.getRequestId(), edit.id());
                }
                if (commit.after().placement(edit.id()).isEmpty()) {
                    throw new Violation(NAME, "instance " + edit.id() + " has no placement");
                }
            }
        }
    }

    private static void own(Map<String, String> owners, String what, String value, String id) {
        String owner = owners.putIfAbsent(value, id);
        if (owner != null && !owner.equals(id)) {
            throw new Violation(
                    NAME, what + " " + value + " belongs to both " + owner + " and " + id);
        }
    }

    private void check(Snapshot after, String node, Resources grown, long revision) {
        Resources sum = NOTHING;
        Set<String> ids = byNode.getOrDefault(node, Set.of());
        for (String id : ids) {
            sum = Amounts.plus(sum, placed.get(id).reservation());
        }
        if (!after.reservedOn(node).equals(sum) || !after.placedOn(node).equals(ids)) {
            throw new Violation(
                    NAME,
                    "node %s at revision %d: indexed %s for %s (expected: %s for %s)"
                            .formatted(
                                    node,
                                    revision,
                                    after.reservedOn(node),
                                    after.placedOn(node),
                                    sum,
                                    ids));
        }
        Resources all = Amounts.plus(sum, locals(after, node));
        after.rooms()
                .of(node)
                .filter(room -> !Amounts.fits(where(grown, all), room.allocatable()))
                .ifPresent(
                        room -> {
                            throw new Violation(
                                    NAME,
                                    "revision %d fills node %s with %s (expected: at most %s)"
                                            .formatted(revision, node, all, room.allocatable()));
                        });
    }

    /** Where more is taken: what is too full may become less. */
    private static Resources where(Resources grown, Resources all) {
        return Resources.newBuilder()
                .setCpuCores(grown.getCpuCores() > 0 ? all.getCpuCores() : 0)
                .setMemoryBytes(grown.getMemoryBytes() > 0 ? all.getMemoryBytes() : 0)
                .setDiskBytes(grown.getDiskBytes() > 0 ? all.getDiskBytes() : 0)
                .build();
    }

    private static Resources locals(Snapshot after, String node) {
        Resources sum = NOTHING;
        for (String id : after.localOn(node)) {
            Instance local = after.locals().get(id).value().getInstance();
            sum = Amounts.plus(sum, after.config().reservation(local.getType(), local.getSpec()));
        }
        return sum;
    }
}
