package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;

/**
 * What a node says of itself with a sign of life. It can call itself NOT_READY, and is that after
 * having been UNREACHABLE; READY it becomes by the controller's word alone, once it has told what
 * it holds. Answers whether anything changed; most beats write nothing.
 */
public record RecordHeartbeat(HeartbeatRequest request, Timestamp at) implements Action<Boolean> {
    @Override
    public Decision<Boolean> decide(Snapshot now) {
        String id = request.getNodeId();
        Require.node(now, id, 0);
        Health health = new Health(now, id, at).merge(request.getConditionsList());
        if (request.getStatus() == NodeStatus.NODE_STATUS_NOT_READY
                || health.next().getStatus() == NodeStatus.NODE_STATUS_UNREACHABLE) {
            health.status(NodeStatus.NODE_STATUS_NOT_READY);
        }
        List<Edit> edits =
                request.hasAllocated()
                        ? health.allocated(request.getAllocated()).edits()
                        : health.edits();
        return Answers.value(!edits.isEmpty(), edits);
    }
}
