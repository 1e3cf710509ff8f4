package io.hypervisor.controller.testkit;

import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.feed.NodeVerbs;
import io.hypervisor.controller.reconcile.Verbs;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The least that each decision means, without a scheduler: a node is full or has room for all. */
public final class MemoryVerbs implements NodeVerbs, Verbs {
    private final List<String> roomy = new ArrayList<>();

    /** Gives a node room for everything. */
    public void makeRoom(String nodeId) {
        roomy.add(nodeId);
    }

    @Override
    public Action<Boolean> report(String nodeId, NodeReport report) {
        return now -> {
            List<Edit> edits = new ArrayList<>();
            report.getObservedList().forEach(o -> edits.addAll(observe(now, nodeId, o)));
            report.getLocalList()
                    .forEach(
                            local ->
                                    edits.add(
                                            Edit.put(
                                                    Table.LOCAL,
                                                    local.getId(),
                                                    LocalRecord.newBuilder()
                                                            .setNodeId(nodeId)
                                                            .setInstance(local)
                                                            .build())));
            report.getLocalGoneList().forEach(id -> edits.add(Edit.delete(Table.LOCAL, id)));
            return done(edits);
        };
    }

    private static List<Edit> observe(Snapshot now, String nodeId, ObservedRecord observed) {
        String id = observed.getInstanceId();
        Optional<PlacementRecord> placement =
                now.placement(id)
                        .map(Entry::value)
                        .filter(p -> p.getNodeId().equals(nodeId))
                        .filter(p -> p.getEpoch() == observed.getEpoch());
        if (placement.isEmpty()) {
            return List.of();
        }
        if (!observed.getGone()) {
            return List.of(Records.put(observed));
        }
        if (placement.get().getEvicting()) {
            return List.of(
                    Records.put(
                            placement.get().toBuilder().setEvicting(false).clearNodeId().build()),
                    Edit.delete(Table.OBSERVED, id));
        }
        return List.of(
                Edit.delete(Table.INSTANCE, id),
                Edit.delete(Table.PLACEMENT, id),
                Edit.delete(Table.OBSERVED, id));
    }

    @Override
    public Action<Boolean> health(String nodeId, NodeStatus status) {
        return now ->
                done(
                        List.of(
                                Edit.put(
                                        Table.HEALTH,
                                        nodeId,
                                        NodeHealth.newBuilder()
                                                .setNodeId(nodeId)
                                                .setStatus(status)
                                                .build())));
    }

    @Override
    public Action<Boolean> place(String instanceId) {
        return now -> {
            Optional<PlacementRecord> waiting =
                    now.placement(instanceId)
                            .map(Entry::value)
                            .filter(p -> p.getNodeId().isEmpty());
            if (waiting.isEmpty() || roomy.isEmpty()) {
                return done(List.of());
            }
            PlacementRecord placement = waiting.get();
            return done(
                    List.of(
                            Records.put(
                                    placement.toBuilder()
                                            .setNodeId(roomy.getFirst())
                                            .setEpoch(placement.getEpoch() + 1)
                                            .build())));
        };
    }

    @Override
    public Action<Boolean> evict(String instanceId) {
        return now ->
                done(
                        roomy.isEmpty()
                                ? List.of()
                                : List.of(
                                        Records.put(
                                                now
                                                        .placement(instanceId)
                                                        .orElseThrow()
                                                        .value()
                                                        .toBuilder()
                                                        .setEvicting(true)
                                                        .build())));
    }

    @Override
    public Action<Boolean> release(String instanceId, long epoch, String proof) {
        return now ->
                done(
                        List.of(
                                Records.put(
                                        now.placement(instanceId).orElseThrow().value().toBuilder()
                                                .clearNodeId()
                                                .setReason(proof)
                                                .build())));
    }

    private static Action.Decision<Boolean> done(List<Edit> edits) {
        return new Action.Decision<>(edits, after -> true);
    }
}
