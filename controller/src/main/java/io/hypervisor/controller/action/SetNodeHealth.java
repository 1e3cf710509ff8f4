package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;

/** Records that a node is READY, NOT_READY or UNREACHABLE. Answers whether that is news. */
public record SetNodeHealth(String nodeId, NodeStatus status, Timestamp at)
        implements Action<Boolean> {

    @Override
    public Decision<Boolean> decide(Snapshot now) {
        Require.node(now, nodeId, 0);
        List<Edit> edits = new Health(now, nodeId, at).status(status).edits();
        return Answers.value(!edits.isEmpty(), edits);
    }
}
