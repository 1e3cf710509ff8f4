package io.hypervisor.controller.reconcile;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.action.ReleaseInstance;
import io.hypervisor.controller.fence.Fencer;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Outcome;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Takes instances that may be recreated off unreachable nodes, once a fencer has proved that they
 * do not run there; by priority. Keys are node ids.
 */
public final class ReleaseReconciler implements Reconciler {
    private static final Logger log = LoggerFactory.getLogger(ReleaseReconciler.class);

    private final Committer committer;
    private final List<Fencer> fencers;
    private final Clock clock;

    /** A reconciler that believes any one of the fencers. */
    public ReleaseReconciler(Committer committer, List<Fencer> fencers, Clock clock) {
        this.committer = committer;
        this.fencers = List.copyOf(fencers);
        this.clock = clock;
    }

    @Override
    public String name() {
        return "release";
    }

    @Override
    public Outcome reconcile(String nodeId) {
        Snapshot now = committer.snapshot();
        Optional<Duration> soonest = Optional.empty();
        for (String id : candidates(now, nodeId)) {
            switch (judge(now, id)) {
                case Fencer.Verdict.NotRunning(String proof) -> release(now, id, proof);
                case Fencer.Verdict.MayRunFor(Duration rest) ->
                        soonest =
                                soonest.filter(s -> s.compareTo(rest) < 0)
                                        .or(() -> Optional.of(rest));
                case Fencer.Verdict.MayRun() -> {}
            }
        }
        return soonest.map(Outcome::again).orElseGet(Outcome::done);
    }

    private void release(Snapshot now, String id, String proof) {
        PlacementRecord placement = now.placement(id).orElseThrow().value();
        log.warn(
                "instance={} node={} epoch={}: released, {}",
                id,
                placement.getNodeId(),
                placement.getEpoch(),
                proof);
        committer
                .submit(new ReleaseInstance(id, placement.getEpoch(), proof, clock.timestamp()))
                .join();
    }

    private Fencer.Verdict judge(Snapshot now, String id) {
        Fencer.Verdict best = new Fencer.Verdict.MayRun();
        for (Fencer fencer : fencers) {
            Fencer.Verdict verdict = fencer.judge(now, id);
            switch (verdict) {
                case Fencer.Verdict.NotRunning _ -> {
                    return verdict;
                }
                case Fencer.Verdict.MayRunFor _ -> best = verdict;
                case Fencer.Verdict.MayRun _ -> {}
            }
        }
        return best;
    }

    /** Instances on an unreachable node that are to go or may be recreated, by priority. */
    private static List<String> candidates(Snapshot now, String nodeId) {
        if (!unreachable(now, nodeId)) {
            return List.of();
        }
        return now.placedOn(nodeId).stream()
                .map(now::instance)
                .flatMap(Optional::stream)
                .map(Entry::value)
                .filter(
                        record ->
                                record.getDeleting()
                                        || record.getPlacement().getRelocation()
                                                == Relocation.RELOCATION_RECREATE)
                .sorted(
                        Comparator.comparingInt(
                                        (InstanceRecord r) -> -r.getPlacement().getPriority())
                                .thenComparing(InstanceRecord::getId))
                .map(InstanceRecord::getId)
                .toList();
    }

    private static boolean unreachable(Snapshot now, String nodeId) {
        return now.rooms()
                .of(nodeId)
                .filter(room -> room.status() == NodeStatus.NODE_STATUS_UNREACHABLE)
                .isPresent();
    }

    @Override
    public Set<String> woken(Snapshot before, Snapshot after, List<Edit> edits) {
        Set<String> nodes = new HashSet<>();
        for (Edit edit : edits) {
            if (edit.table() == Table.HEALTH || edit.table() == Table.NODE) {
                nodes.add(edit.id());
            } else if (edit.table() == Table.INSTANCE) {
                // What is to be deleted may go from then on.
                after.placement(edit.id()).ifPresent(p -> nodes.add(p.value().getNodeId()));
            }
        }
        nodes.removeIf(node -> !unreachable(after, node));
        return nodes;
    }

    /** Nodes with something to release, or to wait for. */
    @Override
    public Set<String> due(Snapshot now) {
        Set<String> due = new HashSet<>();
        for (String node : now.nodes().keySet()) {
            boolean waits =
                    candidates(now, node).stream()
                            .anyMatch(id -> !(judge(now, id) instanceof Fencer.Verdict.MayRun));
            if (waits) {
                due.add(node);
            }
        }
        return due;
    }
}
