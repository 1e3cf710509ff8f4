package io.hypervisor.sim;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.placement.Placement;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;

import java.util.Optional;

/**
 * What is still to be done, when nothing fails any more: every wanted instance exists once, where
 * it is placed, as it should be, and is reported so; nothing else exists anywhere; all replicas
 * show the store's last revision.
 */
final class Convergence {
    static final String NAME = "convergence";

    private final Cluster cluster;
    private final Snapshot now;

    Convergence(Cluster cluster, Snapshot now) {
        this.cluster = cluster;
        this.now = now;
    }

    /** One thing that is not as it should be; empty if everything is. */
    Optional<String> gap() {
        return replicas().or(this::nodes).or(this::unwanted).or(this::instances);
    }

    private Optional<String> replicas() {
        int leaders = 0;
        for (Cluster.ControllerHost host : cluster.controllers()) {
            Optional<Cluster.Shown> shown = host.shown();
            if (shown.isEmpty()) {
                return Optional.of("controller " + host.index() + " is down");
            }
            long revision = shown.get().snapshot().revision();
            if (revision != now.revision()) {
                return Optional.of(
                        "controller %d shows revision %d (expected: %d)"
                                .formatted(host.index(), revision, now.revision()));
            }
            leaders += shown.get().leading() ? 1 : 0;
        }
        return leaders == 1 ? Optional.empty() : Optional.of(leaders + " controllers lead");
    }

    private Optional<String> nodes() {
        for (Cluster.NodeHost host : cluster.nodes()) {
            Optional<String> id = now.nodeByHostname(host.hostname());
            if (!host.powered() || !host.agentUp() || id.isEmpty()) {
                return Optional.of(host.hostname() + " is down or not registered");
            }
            boolean ready =
                    now.health(id.get())
                            .map(Entry::value)
                            .map(NodeHealth::getStatus)
                            .filter(NodeStatus.NODE_STATUS_READY::equals)
                            .isPresent();
            if (!ready) {
                return Optional.of(host.hostname() + " is not READY: " + now.health(id.get()));
            }
        }
        return Optional.empty();
    }

    private Optional<String> unwanted() {
        for (Cluster.NodeHost host : cluster.nodes()) {
            String node = now.nodeByHostname(host.hostname()).orElse("");
            for (Found copy : host.world()) {
                if (!now.placedOn(node).contains(copy.instanceId())
                        && !listedAsLocal(node, copy.instanceId())) {
                    return Optional.of(
                            "%s has %s, which is not placed there"
                                    .formatted(host.hostname(), copy));
                }
            }
        }
        return Optional.empty();
    }

    /** A copy whose agent has dropped the marks of the cluster is nobody's business any more. */
    private boolean listedAsLocal(String node, String id) {
        return now.localOn(node).contains(id)
                && !now.locals()
                        .get(id)
                        .value()
                        .getInstance()
                        .getMetadata()
                        .containsAnnotations(ForeignDoor.EPOCH);
    }

    private Optional<String> instances() {
        for (Entry<InstanceRecord> entry : now.instances().values()) {
            String id = entry.value().getId();
            Optional<String> gap = instance(entry.value());
            if (gap.isPresent()) {
                return Optional.of("instance " + id + ": " + gap.get());
            }
        }
        return Optional.empty();
    }

    private Optional<String> instance(InstanceRecord record) {
        PlacementRecord placement = now.placement(record.getId()).orElseThrow().value();
        if (record.getDeleting() || placement.getEvicting()) {
            return Optional.of(record.getDeleting() ? "still DELETING" : "still leaves its node");
        }
        if (placement.getNodeId().isEmpty()) {
            return Scheduler.place(now, Demand.of(record, now)) instanceof Placement.NoRoom
                    ? Optional.empty()
                    : Optional.of("has no node, and there is room");
        }
        Optional<Cluster.NodeHost> host = host(placement.getNodeId());
        Optional<Found> copy =
                host.stream()
                        .flatMap(node -> node.world().stream())
                        .filter(found -> found.instanceId().equals(record.getId()))
                        .findFirst();
        boolean foreign = host.filter(Cluster.NodeHost::foreign).isPresent();
        if (copy.isEmpty() && foreign && !wanted(record)) {
            // A foreign node is asked for it when it is first to run.
            return shows(record, InstanceState.INSTANCE_STATE_STOPPED, "not created yet");
        }
        if (copy.isEmpty() || copy.get().epoch() != placement.getEpoch()) {
            return Optional.of("placed as " + placement + ", but there is " + copy);
        }
        // One that ends again and again is on its way from one state to the next.
        if (wanted(record) && restarts(record) && record.getSpec().getImage().startsWith("exit-")) {
            return Optional.empty();
        }
        Optional<String> gap = state(record, copy.get(), foreign);
        // A foreign node has no method to be told by.
        return gap.isPresent() || foreign ? gap : shape(record, copy.get(), host.orElseThrow());
    }

    /** It is what its spec says, or says what waits for a start. */
    private Optional<String> shape(InstanceRecord record, Found copy, Cluster.NodeHost host) {
        Instance view = Views.instance(now, record.getId()).orElseThrow();
        if (view.getAppliedGeneration() != view.getSpecGeneration()) {
            return Optional.of("spec is not applied: " + view);
        }
        int cores = host.cores(record.getId());
        boolean same = cores == record.getSpec().getCpuCores();
        boolean waits = view.getNeedsRestartList().contains("spec.cpu_cores");
        // What does not run has it from its next start, and there is no run that waits for that.
        return waits == (!same && copy.state() == Found.State.RUNNING)
                ? Optional.empty()
                : Optional.of("has %d processors (expected: %s)".formatted(cores, view));
    }

    private Optional<Cluster.NodeHost> host(String nodeId) {
        String name = now.node(nodeId).map(Entry::value).map(NodeRecord::getHostname).orElse("");
        return cluster.nodes().stream().filter(node -> node.hostname().equals(name)).findFirst();
    }

    private static boolean wanted(InstanceRecord record) {
        return record.getRunIntent() == RunIntent.RUN_INTENT_RUNNING;
    }

    private Optional<String> state(InstanceRecord record, Found copy, boolean foreign) {
        boolean wanted = wanted(record);
        // A foreign node knows of no generations: the controller does, which starts each.
        long generation =
                foreign
                        ? now.observed(record.getId())
                                .map(observed -> observed.value().getRunGeneration())
                                .orElse(0L)
                        : copy.runGeneration();
        return wanted && generation != record.getRunGeneration()
                ? Optional.of("generation %d runs (expected: %s)".formatted(generation, record))
                : shows(record, expected(record, copy, wanted), copy);
    }

    private Optional<String> shows(InstanceRecord record, InstanceState expected, Object truth) {
        Instance view = Views.instance(now, record.getId()).orElseThrow();
        return view.getState() == expected
                ? Optional.empty()
                : Optional.of("%s (expected: %s), it is %s".formatted(view, expected, truth));
    }

    private static boolean restarts(InstanceRecord record) {
        RestartPolicy policy = record.getSpec().getRestartPolicy();
        boolean clean = record.getSpec().getImage().equals("exit-0");
        return policy == RestartPolicy.RESTART_POLICY_ALWAYS
                || (policy == RestartPolicy.RESTART_POLICY_ON_FAILURE && !clean);
    }

    private static InstanceState expected(InstanceRecord record, Found copy, boolean wanted) {
        boolean runs = copy.state() == Found.State.RUNNING;
        if (!wanted) {
            return runs
                    ? InstanceState.INSTANCE_STATE_UNSPECIFIED
                    : InstanceState.INSTANCE_STATE_STOPPED;
        }
        if (runs) {
            return InstanceState.INSTANCE_STATE_RUNNING;
        }
        RestartPolicy policy = record.getSpec().getRestartPolicy();
        return switch (copy.exit()) {
            case CLEAN ->
                    policy == RestartPolicy.RESTART_POLICY_ALWAYS
                            ? InstanceState.INSTANCE_STATE_UNSPECIFIED
                            : InstanceState.INSTANCE_STATE_STOPPED;
            case FAILED, UNKNOWN ->
                    policy == RestartPolicy.RESTART_POLICY_NEVER
                            ? InstanceState.INSTANCE_STATE_FAILED
                            : InstanceState.INSTANCE_STATE_UNSPECIFIED;
            case NONE, STOPPED -> InstanceState.INSTANCE_STATE_UNSPECIFIED;
        };
    }
}
