package io.hypervisor.sim;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Never two live copies. Over what really runs on all machines: at most one running copy of an
 * instance; none of an epoch that was never placed; a placement leaves its node only while no copy
 * of it runs there; and an instance is forgotten only when nothing of it is left, unless it was
 * deleted by force or {@link #mayRunOn may run on}.
 */
final class OneCopy implements Checker {
    static final String NAME = "one-copy";

    private final Cluster cluster;
    private final Ledger ledger;
    // By instance: the highest epoch that was ever placed, those that are deleted included.
    private final Map<String, Long> epochs = new HashMap<>();

    OneCopy(Cluster cluster, Ledger ledger) {
        this.cluster = cluster;
        this.ledger = ledger;
    }

    @Override
    public void committed(Truth.Commit commit) {
        for (Edit edit : commit.edits()) {
            if (edit.table() == Table.PLACEMENT) {
                Optional<PlacementRecord> old = placement(commit.before(), edit.id());
                Optional<PlacementRecord> next = placement(commit.after(), edit.id());
                next.ifPresent(p -> epochs.merge(edit.id(), p.getEpoch(), Math::max));
                old.filter(o -> !o.getNodeId().isEmpty())
                        .filter(o -> !node(next).equals(o.getNodeId()))
                        .ifPresent(o -> left(commit, o, next.isEmpty()));
            }
        }
    }

    private void left(Truth.Commit commit, PlacementRecord old, boolean forgotten) {
        String id = old.getInstanceId();
        boolean forced = forgotten && ledger.forced(id);
        for (Found copy : worldOf(commit.before(), old.getNodeId())) {
            if (!copy.instanceId().equals(id) || copy.local() || forced) {
                continue;
            }
            boolean lost = unreachable(commit.before(), old.getNodeId());
            if (forgotten && lost && mayRunOn(commit.before(), old)) {
                continue;
            }
            if (running(copy) || (forgotten && !lost)) {
                throw new Violation(
                        NAME,
                        "revision %d takes instance %s epoch %d off node %s, where it is %s"
                                .formatted(
                                        commit.revision(),
                                        id,
                                        old.getEpoch(),
                                        old.getNodeId(),
                                        copy.state()));
            }
        }
    }

    private Iterable<Found> worldOf(Snapshot now, String nodeId) {
        String host = now.node(nodeId).map(Entry::value).map(NodeRecord::getHostname).orElse("");
        return cluster.nodes().stream()
                .filter(node -> node.hostname().equals(host) && node.powered())
                .flatMap(node -> node.world().stream())
                .toList();
    }

    private static boolean unreachable(Snapshot now, String nodeId) {
        return now.health(nodeId)
                .map(Entry::value)
                .map(health -> health.getStatus().name())
                .filter("NODE_STATUS_UNREACHABLE"::equals)
                .isPresent();
    }

    /**
     * Whether a node that was fenced while it was off, and has power again but no contact, starts
     * it by its journal, as it may: it is not placed anywhere else. Who deletes it then takes the
     * operator's word for it, and the node destroys it when it is back.
     */
    private static boolean mayRunOn(Snapshot now, PlacementRecord placement) {
        boolean fenced =
                now.health(placement.getNodeId())
                        .filter(health -> health.value().getFenced())
                        .isPresent();
        return fenced
                && now.instance(placement.getInstanceId())
                        .map(instance -> instance.value().getPlacement())
                        .filter(p -> p.getRelocation() == Relocation.RELOCATION_KEEP)
                        .filter(
                                p ->
                                        p.getOnLostContact()
                                                == LostContactPolicy.LOST_CONTACT_POLICY_KEEP)
                        .isPresent();
    }

    private static Optional<PlacementRecord> placement(Snapshot now, String id) {
        return now.placement(id).map(Entry::value);
    }

    private static String node(Optional<PlacementRecord> placement) {
        return placement.map(PlacementRecord::getNodeId).orElse("");
    }

    private static boolean running(Found copy) {
        return copy.state() == Found.State.RUNNING || copy.state() == Found.State.PAUSED;
    }

    @Override
    public void step() {
        Map<String, String> live = new HashMap<>();
        for (Cluster.NodeHost node : cluster.nodes()) {
            if (!node.powered()) {
                continue;
            }
            for (Found copy : node.world()) {
                judge(node, copy, live);
            }
        }
    }

    private void judge(Cluster.NodeHost node, Found copy, Map<String, String> live) {
        if (!running(copy)) {
            return;
        }
        String here = node.hostname() + " epoch " + copy.epoch();
        String other = live.put(copy.instanceId(), here);
        if (other != null) {
            throw new Violation(
                    NAME,
                    "instance " + copy.instanceId() + " runs on " + other + " and on " + here);
        }
        long known = epochs.getOrDefault(copy.instanceId(), 0L);
        if (!copy.local() && copy.epoch() > known) {
            throw new Violation(
                    NAME,
                    "instance %s runs on %s (expected: at most epoch %d, the last one placed)"
                            .formatted(copy.instanceId(), here, known));
        }
    }
}
