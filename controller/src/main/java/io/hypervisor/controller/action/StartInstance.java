package io.hypervisor.controller.action;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;

/** Asks for an instance that does not run to run again. */
public record StartInstance(StartInstanceRequest request) implements Action<Instance> {
    @Override
    public Decision<Instance> decide(Snapshot now) {
        String id = request.getInstanceId();
        InstanceRecord record = Require.instance(now, id, request.getExpectedRevision());
        InstanceState state = Require.state(now, id);
        if (state != InstanceState.INSTANCE_STATE_STOPPED
                && state != InstanceState.INSTANCE_STATE_FAILED) {
            throw Fault.wrongState(
                    Require.INSTANCE, id, Require.shortName(state), "STOPPED or FAILED");
        }
        InstanceRecord next =
                record.toBuilder()
                        .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                        .setRunGeneration(record.getRunGeneration() + 1)
                        .build();
        return Answers.instance(id, List.of(Edit.put(Table.INSTANCE, id, next)));
    }
}
