package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;

/**
 * Opens or closes a node for scheduling, and takes conditions and what the node counts as taken.
 */
public record UpdateNodeStatus(UpdateNodeStatusRequest request, Timestamp at)
        implements Action<Node> {

    @Override
    public Decision<Node> decide(Snapshot now) {
        String id = request.getNodeId();
        NodeRecord record = Require.node(now, id, request.getExpectedRevision());
        List<Edit> edits = new ArrayList<>();
        NodeStatus status = request.getStatus();
        if (status != NodeStatus.NODE_STATUS_UNSPECIFIED && status != record.getAdminStatus()) {
            edits.add(Edit.put(Table.NODE, id, record.toBuilder().setAdminStatus(status).build()));
        }
        if (request.getConditionsCount() > 0 || request.hasAllocated()) {
            Health health = new Health(now, id, at).merge(request.getConditionsList());
            edits.addAll(
                    request.hasAllocated()
                            ? health.allocated(request.getAllocated()).edits()
                            : health.edits());
        }
        return Answers.node(id, edits);
    }
}
