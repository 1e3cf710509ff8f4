package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;

/**
 * What a node says of itself with a sign of life. Answers whether anything changed; most beats
 * write nothing.
 */
public record RecordHeartbeat(HeartbeatRequest request, Timestamp at) implements Action<Boolean> {
    @Override
    public Decision<Boolean> decide(Snapshot now) {
        String id = request.getNodeId();
        Require.node(now, id, 0);
        Health health =
                new Health(now, id, at)
                        .status(
                                request.getStatus() == NodeStatus.NODE_STATUS_NOT_READY
                                        ? NodeStatus.NODE_STATUS_NOT_READY
                                        : NodeStatus.NODE_STATUS_READY)
                        .merge(request.getConditionsList());
        List<Edit> edits =
                request.hasAllocated()
                        ? health.allocated(request.getAllocated()).edits()
                        : health.edits();
        return Answers.value(!edits.isEmpty(), edits);
    }
}
