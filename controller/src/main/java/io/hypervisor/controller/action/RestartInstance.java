package io.hypervisor.controller.action;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;

/** Asks for a running instance to be ended and started again. */
public record RestartInstance(RestartInstanceRequest request) implements Action<Instance> {
    @Override
    public Decision<Instance> decide(Snapshot now) {
        String id = request.getInstanceId();
        InstanceRecord record = Require.instance(now, id, request.getExpectedRevision());
        InstanceState state = Require.state(now, id);
        if (state != InstanceState.INSTANCE_STATE_RUNNING) {
            throw Fault.wrongState(Require.INSTANCE, id, Require.shortName(state), "RUNNING");
        }
        InstanceRecord next =
                record.toBuilder()
                        .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                        .setRunGeneration(record.getRunGeneration() + 1)
                        .setStop(StopInstance.options(request.getForce(), 0))
                        .build();
        return Answers.instance(id, List.of(Edit.put(Table.INSTANCE, id, next)));
    }
}
