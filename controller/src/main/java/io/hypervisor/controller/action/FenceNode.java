package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

/** The operator's word that an unreachable node runs nothing. */
public record FenceNode(FenceNodeRequest request, Timestamp at) implements Action<Node> {
    @Override
    public Decision<Node> decide(Snapshot now) {
        String id = request.getNodeId();
        Require.node(now, id, request.getExpectedRevision());
        NodeStatus status = NodeViews.node(now, id).orElseThrow().getStatus();
        if (status != NodeStatus.NODE_STATUS_UNREACHABLE) {
            throw Fault.wrongState(
                    Require.NODE,
                    id,
                    status.name().substring("NODE_STATUS_".length()),
                    "UNREACHABLE");
        }
        Health health = new Health(now, id, at);
        health.next().setFenced(true);
        return Answers.node(id, health.edits());
    }
}
