package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RunIntent;

import java.util.Optional;

/** Joins records to the API's instances. Pure. */
public final class Views {
    private Views() {}

    /** The instance of this id, local ones included. */
    public static Optional<Instance> instance(Snapshot now, String id) {
        return now.instance(id)
                .map(record -> join(now, record))
                .or(() -> Optional.ofNullable(now.locals().get(id)).map(e -> local(now, e)));
    }

    private static Instance join(Snapshot now, Entry<InstanceRecord> entry) {
        InstanceRecord record = entry.value();
        Optional<Entry<PlacementRecord>> placement = now.placement(record.getId());
        Optional<Entry<ObservedRecord>> observed = now.observed(record.getId());
        long revision =
                Math.max(
                        entry.revision(),
                        Math.max(
                                placement.map(Entry::revision).orElse(0L),
                                observed.map(Entry::revision).orElse(0L)));
        Instance.Builder view =
                Instance.newBuilder()
                        .setId(record.getId())
                        .setName(record.getName())
                        .setType(record.getType())
                        .setSpec(record.getSpec())
                        .setSpecGeneration(Math.max(1, record.getSpecGeneration()))
                        .setMetadata(record.getMetadata())
                        .setPlacement(record.getPlacement())
                        .setCreatedAt(record.getCreatedAt())
                        .setRunIntent(record.getRunIntent());
        placement
                .map(Entry::value)
                .ifPresent(p -> view.setNodeId(p.getNodeId()).setEpoch(p.getEpoch()));
        current(placement, observed).ifPresent(o -> addObserved(view, o));
        address(now, record.getId()).ifPresent(view::setIpAddress);
        addState(now, view, record, placement, current(placement, observed));
        return view.setRevision(revision).build();
    }

    /** That of the port which came with the instance. */
    private static Optional<String> address(Snapshot now, String instanceId) {
        return now.network().portsOfInstance(instanceId).stream()
                .map(id -> now.network().ports().get(id).value())
                .filter(PortRecord::getOfInstance)
                .map(port -> port.getPort().getIpAddress())
                .findFirst();
    }

    /** What was observed, if it belongs to the present placement. */
    private static Optional<ObservedRecord> current(
            Optional<Entry<PlacementRecord>> placement, Optional<Entry<ObservedRecord>> observed) {
        long epoch = placement.map(p -> p.value().getEpoch()).orElse(0L);
        return observed.map(Entry::value).filter(o -> o.getEpoch() == epoch);
    }

    private static void addObserved(Instance.Builder view, ObservedRecord observed) {
        view.setIpAddress(observed.getIpAddress())
                .setRestartCount(observed.getRestartCount())
                .setAppliedGeneration(observed.getAppliedGeneration())
                .addAllNeedsRestart(observed.getNeedsRestartList());
        if (observed.hasStartedAt()) {
            view.setStartedAt(observed.getStartedAt());
        }
        if (observed.hasExitCode()) {
            view.setExitCode(observed.getExitCode());
        }
    }

    private static void addState(
            Snapshot now,
            Instance.Builder view,
            InstanceRecord record,
            Optional<Entry<PlacementRecord>> placement,
            Optional<ObservedRecord> observed) {
        String placementReason = placement.map(p -> p.value().getReason()).orElse("");
        if (record.getDeleting()) {
            view.setState(InstanceState.INSTANCE_STATE_DELETING).setStateReason(placementReason);
        } else if (view.getNodeId().isEmpty()) {
            view.setState(InstanceState.INSTANCE_STATE_PENDING).setStateReason(placementReason);
        } else if (unreachable(now, view.getNodeId())) {
            view.setState(InstanceState.INSTANCE_STATE_UNKNOWN)
                    .setStateReason("node " + view.getNodeId() + " is out of touch");
        } else if (observed.isEmpty()) {
            view.setState(InstanceState.INSTANCE_STATE_PENDING).setStateReason(placementReason);
        } else if (placement.map(p -> p.value().getEvicting()).orElse(false)) {
            view.setState(InstanceState.INSTANCE_STATE_MIGRATING).setStateReason(placementReason);
        } else {
            view.setState(state(record, observed.get()))
                    .setStateReason(observed.get().getStateReason());
        }
    }

    /** What the node reports, unless the intent has moved on since. */
    private static InstanceState state(InstanceRecord record, ObservedRecord observed) {
        InstanceState state = observed.getState();
        boolean wantRunning = record.getRunIntent() == RunIntent.RUN_INTENT_RUNNING;
        if (!wantRunning && state == InstanceState.INSTANCE_STATE_RUNNING) {
            return InstanceState.INSTANCE_STATE_STOPPING;
        }
        boolean behind = observed.getRunGeneration() < record.getRunGeneration();
        boolean atRest =
                state == InstanceState.INSTANCE_STATE_RUNNING
                        || state == InstanceState.INSTANCE_STATE_STOPPED
                        || state == InstanceState.INSTANCE_STATE_FAILED;
        return wantRunning && behind && atRest ? InstanceState.INSTANCE_STATE_STARTING : state;
    }

    /** Whether the joined state is RUNNING while the node is in touch. */
    static boolean running(
            InstanceRecord record, PlacementRecord placement, ObservedRecord observed) {
        return !record.getDeleting()
                && !placement.getEvicting()
                && observed.getEpoch() == placement.getEpoch()
                && state(record, observed) == InstanceState.INSTANCE_STATE_RUNNING;
    }

    private static Instance local(Snapshot now, Entry<LocalRecord> entry) {
        Instance.Builder view =
                entry.value().getInstance().toBuilder()
                        .setNodeId(entry.value().getNodeId())
                        .setLocal(true);
        if (unreachable(now, view.getNodeId())) {
            view.setState(InstanceState.INSTANCE_STATE_UNKNOWN)
                    .setStateReason("node " + view.getNodeId() + " is out of touch");
        }
        return view.setRevision(entry.revision()).build();
    }

    private static boolean unreachable(Snapshot now, String nodeId) {
        return now.health(nodeId)
                .map(Entry::value)
                .map(NodeHealth::getStatus)
                .filter(NodeStatus.NODE_STATUS_UNREACHABLE::equals)
                .isPresent();
    }
}
