package io.hypervisor.controller.reconcile;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.DrainBlocker;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.action.EvictInstance;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Outcome;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Empties nodes that are DRAINING: moves the instances that may be recreated elsewhere, one at a
 * time and node by node, so that a drain never takes down more than one of them at once. Keys are
 * node ids.
 */
public final class DrainReconciler implements Reconciler {
    private final Committer committer;

    /** A reconciler over the committer's snapshots. */
    public DrainReconciler(Committer committer) {
        this.committer = committer;
    }

    /** The instances that still hold a draining node up, each with the reason, ordered by id. */
    public static List<DrainBlocker> blockers(Snapshot now, String nodeId) {
        List<DrainBlocker> blockers = new ArrayList<>();
        for (String id : now.placedOn(nodeId)) {
            blockers.add(blocker(id, reason(now, id)));
        }
        for (String id : now.localOn(nodeId)) {
            blockers.add(blocker(id, "it is local to the node: stop or delete it there"));
        }
        return blockers;
    }

    private static DrainBlocker blocker(String id, String reason) {
        return DrainBlocker.newBuilder().setInstanceId(id).setReason(reason).build();
    }

    private static String reason(Snapshot now, String id) {
        String recorded = now.placement(id).map(p -> p.value().getReason()).orElse("");
        if (now.instance(id).map(i -> i.value().getDeleting()).orElse(false)) {
            return "it is being deleted";
        }
        if (evicting(now, id)) {
            return "it is being moved";
        }
        if (!movable(now, id)) {
            return "its relocation policy is KEEP: delete it, or end the drain";
        }
        return recorded.isEmpty() ? "it waits for its turn" : recorded;
    }

    @Override
    public String name() {
        return "drain";
    }

    @Override
    public Outcome reconcile(String nodeId) {
        Optional<String> next = next(committer.snapshot(), nodeId);
        if (next.isEmpty()) {
            return Outcome.done();
        }
        boolean leaves = committer.submit(new EvictInstance(next.get())).join();
        return leaves
                ? Outcome.done()
                : Outcome.blocked("no other node has room for instance " + next.get());
    }

    /** The instance to move now, if the node drains and none is on its way. */
    private static Optional<String> next(Snapshot now, String nodeId) {
        if (!draining(now, nodeId)
                || now.placedOn(nodeId).stream().anyMatch(id -> evicting(now, id))) {
            return Optional.empty();
        }
        return now.placedOn(nodeId).stream().filter(id -> movable(now, id)).findFirst();
    }

    private static boolean draining(Snapshot now, String nodeId) {
        return now.node(nodeId)
                .map(Entry::value)
                .map(NodeRecord::getAdminStatus)
                .filter(NodeStatus.NODE_STATUS_DRAINING::equals)
                .isPresent();
    }

    private static boolean evicting(Snapshot now, String id) {
        return now.placement(id).map(Entry::value).filter(PlacementRecord::getEvicting).isPresent();
    }

    private static boolean movable(Snapshot now, String id) {
        return now.instance(id)
                .map(Entry::value)
                .filter(record -> !record.getDeleting())
                .map(InstanceRecord::getPlacement)
                .filter(policy -> policy.getRelocation() == Relocation.RELOCATION_RECREATE)
                .isPresent();
    }

    @Override
    public Set<String> woken(Snapshot before, Snapshot after, List<Edit> edits) {
        Set<String> nodes = new HashSet<>();
        for (Edit edit : edits) {
            if (edit.table() == Table.NODE) {
                nodes.add(edit.id());
            } else if (edit.table() == Table.PLACEMENT) {
                before.placement(edit.id()).ifPresent(p -> nodes.add(p.value().getNodeId()));
            }
        }
        nodes.removeIf(node -> next(after, node).isEmpty());
        return nodes;
    }

    @Override
    public Set<String> due(Snapshot now) {
        Set<String> due = new HashSet<>();
        for (String node : now.nodes().keySet()) {
            if (next(now, node).isPresent()) {
                due.add(node);
            }
        }
        return due;
    }
}
