package io.hypervisor.controller.reconcile;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.action.PlaceUnplaced;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.InstancePorts;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Carriage;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Outcome;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Places instances that have no node: by priority, then oldest first. One key stands for all of
 * them, because their order matters.
 */
public final class PlacementReconciler implements Reconciler {
    private static final String ALL = "unplaced";
    // So many decisions may wait for the committer at once; more would crowd out users.
    private static final int WAVE = 128;

    private final Committer committer;
    private final NetworkConfig networks;
    private final Supplier<Fresh> fresh;

    /**
     * A reconciler over the committer's snapshots.
     *
     * @param fresh {@link InstancePorts#IDS} ids
     */
    public PlacementReconciler(Committer committer, NetworkConfig networks, Supplier<Fresh> fresh) {
        this.committer = committer;
        this.networks = networks;
        this.fresh = fresh;
    }

    /** What placing depends on: of two equal demands both fit, or neither does. */
    private record Demand(
            InstanceType type,
            InstanceSpec spec,
            PlacementPolicy policy,
            Map<String, String> labels,
            Set<String> networks) {
        static Demand of(Snapshot now, InstanceRecord record) {
            return new Demand(
                    record.getType(),
                    record.getSpec(),
                    record.getPlacement(),
                    record.getMetadata().getLabelsMap(),
                    Carriage.needs(now, record));
        }
    }

    @Override
    public String name() {
        return "placement";
    }

    @Override
    public Outcome reconcile(String key) {
        Set<Demand> hopeless = new HashSet<>();
        Snapshot now = committer.snapshot();
        List<InstanceRecord> waiting = waiting(now);
        int next = 0;
        while (next < waiting.size()) {
            List<InstanceRecord> wave = new ArrayList<>();
            for (; next < waiting.size() && wave.size() < WAVE; next++) {
                if (!hopeless.contains(Demand.of(now, waiting.get(next)))) {
                    wave.add(waiting.get(next));
                }
            }
            place(wave);
            wave.stream()
                    .filter(this::unplaced)
                    .map(record -> Demand.of(now, record))
                    .forEach(hopeless::add);
        }
        int left = committer.snapshot().unplaced().size();
        return left == 0 ? Outcome.done() : Outcome.blocked(left + " instances wait for room");
    }

    private void place(List<InstanceRecord> wave) {
        List<CompletableFuture<?>> placing = new ArrayList<>();
        for (InstanceRecord record : wave) {
            placing.add(committer.submit(new PlaceUnplaced(record.getId(), fresh.get(), networks)));
        }
        CompletableFuture.allOf(placing.toArray(CompletableFuture[]::new)).join();
    }

    private boolean unplaced(InstanceRecord record) {
        return committer.snapshot().unplaced().contains(record.getId());
    }

    private static List<InstanceRecord> waiting(Snapshot now) {
        return now.unplaced().stream()
                .map(now::instance)
                .flatMap(Optional::stream)
                .map(Entry::value)
                .sorted(
                        Comparator.comparingInt(
                                        (InstanceRecord r) -> -r.getPlacement().getPriority())
                                .thenComparing(InstanceRecord::getId))
                .toList();
    }

    /** Wakes when something lost its node, or room may have appeared for what waits. */
    @Override
    public Set<String> woken(Snapshot before, Snapshot after, List<Edit> edits) {
        boolean woken =
                !after.unplaced().isEmpty()
                        && edits.stream().anyMatch(edit -> matters(before, after, edit));
        return woken ? Set.of(ALL) : Set.of();
    }

    private static boolean matters(Snapshot before, Snapshot after, Edit edit) {
        return switch (edit.table()) {
            case NODE, HEALTH, LOCAL, SUBNET -> true;
            case ALLOCATION -> edit.value().isEmpty();
            case PLACEMENT -> freed(before, after, edit.id()) || appeared(before, after, edit.id());
            case INSTANCE,
                    OBSERVED,
                    CLUSTER,
                    LEADER,
                    HISTORY,
                    IMAGE,
                    NETWORK,
                    PORT,
                    SECURITY_GROUP,
                    ROUTER,
                    FLOATING_IP,
                    PORT_STATE,
                    NODE_NETWORK ->
                    false;
        };
    }

    private static boolean freed(Snapshot before, Snapshot after, String id) {
        String node = nodeOf(before, id);
        return !node.isEmpty() && !node.equals(nodeOf(after, id));
    }

    private static boolean appeared(Snapshot before, Snapshot after, String id) {
        return after.unplaced().contains(id) && !before.unplaced().contains(id);
    }

    private static String nodeOf(Snapshot now, String id) {
        return now.placement(id).map(Entry::value).map(PlacementRecord::getNodeId).orElse("");
    }

    @Override
    public Set<String> due(Snapshot now) {
        return now.unplaced().isEmpty() ? Set.of() : Set.of(ALL);
    }
}
