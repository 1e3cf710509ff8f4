package io.hypervisor.controller.action;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.StopOptions;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;

/**
 * Ends an instance's life: at once if it has no node, or by force if its node is out of touch;
 * otherwise its records go when the node reports that it is gone. Asking again with force speeds it
 * up.
 */
public record DeleteInstance(DeleteInstanceRequest request, Timestamp at) implements Action<Empty> {
    private static final int GRACE_SECONDS = 10;

    @Override
    public Decision<Empty> decide(Snapshot now) {
        String id = request.getInstanceId();
        InstanceRecord record = Require.instance(now, id, request.getExpectedRevision());
        String node = Require.placement(now, id).getNodeId();
        if (node.isEmpty() || (request.getForce() && Require.outOfTouch(now, node))) {
            List<Edit> edits = new ArrayList<>(Answers.forget(now, id, at));
            edits.addAll(Health.agreeToRemoval(now, node));
            return Answers.value(Empty.getDefaultInstance(), edits);
        }
        InstanceRecord next =
                record.toBuilder()
                        .setDeleting(true)
                        .setStop(
                                StopOptions.newBuilder()
                                        .setForce(request.getForce())
                                        .setTimeoutSeconds(GRACE_SECONDS))
                        .build();
        boolean asked =
                record.getDeleting() && (record.getStop().getForce() || !request.getForce());
        List<Edit> edits = asked ? List.of() : List.of(Edit.put(Table.INSTANCE, id, next));
        return Answers.value(Empty.getDefaultInstance(), edits);
    }
}
