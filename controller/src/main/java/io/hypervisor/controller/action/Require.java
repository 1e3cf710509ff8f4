package io.hypervisor.controller.action;

import io.hypervisor.api.internal.v1.ImageRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;
import io.hypervisor.core.Fault;

import java.util.Optional;

/** What a verb may rely on, or the fault that says why not. */
final class Require {
    static final String INSTANCE = "instance";
    static final String NODE = "node";
    static final String IMAGE = "image";

    private Require() {}

    /**
     * The instance, which is the cluster's own and was not written after that revision (0: any).
     */
    static InstanceRecord instance(Snapshot now, String id, long expectedRevision) {
        if (now.locals().containsKey(id) && now.instance(id).isEmpty()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "LOCAL_INSTANCE",
                    "instance "
                            + id
                            + ": local to node "
                            + now.locals().get(id).value().getNodeId()
                            + " (expected: change it through that node's AgentService)");
        }
        Entry<InstanceRecord> entry =
                now.instance(id).orElseThrow(() -> Fault.notFound(INSTANCE, id));
        unchanged(INSTANCE, id, entry, expectedRevision);
        return entry.value();
    }

    /** The node, not written by operators or registration after that revision (0: any). */
    static NodeRecord node(Snapshot now, String id, long expectedRevision) {
        Entry<NodeRecord> entry = now.node(id).orElseThrow(() -> Fault.notFound(NODE, id));
        unchanged(NODE, id, entry, expectedRevision);
        return entry.value();
    }

    /** The catalogue has the image, not written after that revision (0: any). */
    static void image(Snapshot now, String name, long expectedRevision) {
        Entry<ImageRecord> entry =
                Optional.ofNullable(now.images().get(name))
                        .orElseThrow(() -> Fault.notFound(IMAGE, name));
        unchanged(IMAGE, name, entry, expectedRevision);
    }

    /** Where an instance that exists is placed, or is not. */
    static PlacementRecord placement(Snapshot now, String id) {
        return now.placement(id)
                .map(Entry::value)
                .orElseGet(() -> PlacementRecord.newBuilder().setInstanceId(id).build());
    }

    /** The joined state of an instance that exists. */
    static InstanceState state(Snapshot now, String id) {
        return Views.instance(now, id).orElseThrow().getState();
    }

    /** Whether a node's health, whatever the operator set, is UNREACHABLE. */
    static boolean outOfTouch(Snapshot now, String nodeId) {
        return now.health(nodeId)
                .filter(health -> health.value().getStatus() == NodeStatus.NODE_STATUS_UNREACHABLE)
                .isPresent();
    }

    /** A state's name as people write it. */
    static String shortName(InstanceState state) {
        return state.name().substring("INSTANCE_STATE_".length());
    }

    private static void unchanged(String type, String id, Entry<?> entry, long expectedRevision) {
        if (expectedRevision > 0 && entry.revision() > expectedRevision) {
            throw Fault.conflict(type, id, entry.revision(), expectedRevision);
        }
    }
}
