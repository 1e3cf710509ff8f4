package io.hypervisor.agent.node;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.RunIntent;

import java.util.Optional;

/** Joins what is wanted and what is seen to the API's instances. Pure. */
public final class InstanceViews {
    private InstanceViews() {}

    /** A local instance; {@code nodeId} is empty before the node has registered. */
    public static Instance local(LocalIntent intent, Optional<ObservedRecord> seen, String nodeId) {
        return join(intent.getAssignment(), seen, nodeId)
                .setCreatedAt(intent.getCreatedAt())
                .setLocal(true)
                .build();
    }

    /** An instance of the cluster. Its creation time and placement are the controller's. */
    public static Instance assigned(Assignment want, Optional<ObservedRecord> seen, String nodeId) {
        return join(want, seen, nodeId).build();
    }

    private static Instance.Builder join(
            Assignment want, Optional<ObservedRecord> seen, String nodeId) {
        Instance.Builder view =
                Instance.newBuilder()
                        .setId(want.getInstanceId())
                        .setName(want.getName())
                        .setType(want.getType())
                        .setSpec(want.getSpec())
                        .setMetadata(want.getMetadata())
                        .setNodeId(nodeId)
                        .setEpoch(want.getEpoch())
                        .setRunIntent(
                                want.getWant() == Assignment.Want.WANT_RUNNING
                                        ? RunIntent.RUN_INTENT_RUNNING
                                        : RunIntent.RUN_INTENT_STOPPED)
                        .setState(InstanceState.INSTANCE_STATE_PENDING);
        seen.ifPresent(s -> addSeen(view, s));
        if (want.getWant() == Assignment.Want.WANT_ABSENT) {
            view.setState(InstanceState.INSTANCE_STATE_DELETING);
        }
        return view;
    }

    private static void addSeen(Instance.Builder view, ObservedRecord seen) {
        view.setState(seen.getState())
                .setStateReason(seen.getStateReason())
                .setIpAddress(seen.getIpAddress())
                .setRestartCount(seen.getRestartCount());
        if (seen.hasStartedAt()) {
            view.setStartedAt(seen.getStartedAt());
        }
        if (seen.hasExitCode()) {
            view.setExitCode(seen.getExitCode());
        }
    }
}
