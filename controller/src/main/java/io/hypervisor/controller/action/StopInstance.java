package io.hypervisor.controller.action;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.StopOptions;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;

/** Asks for an instance to exist and not run. Asking again changes how it is ended. */
public record StopInstance(StopInstanceRequest request) implements Action<Instance> {
    static final int DEFAULT_TIMEOUT_SECONDS = 30;

    @Override
    public Decision<Instance> decide(Snapshot now) {
        String id = request.getInstanceId();
        InstanceRecord record = Require.instance(now, id, request.getExpectedRevision());
        InstanceState state = Require.state(now, id);
        if (state == InstanceState.INSTANCE_STATE_STOPPED
                || state == InstanceState.INSTANCE_STATE_FAILED
                || state == InstanceState.INSTANCE_STATE_DELETING) {
            throw Fault.wrongState(
                    Require.INSTANCE,
                    id,
                    Require.shortName(state),
                    "a state other than STOPPED, FAILED and DELETING");
        }
        InstanceRecord next =
                record.toBuilder()
                        .setRunIntent(RunIntent.RUN_INTENT_STOPPED)
                        .setStop(options(request.getForce(), request.getTimeoutSeconds()))
                        .build();
        List<Edit> edits =
                next.equals(record) ? List.of() : List.of(Edit.put(Table.INSTANCE, id, next));
        return Answers.instance(id, edits);
    }

    static StopOptions options(boolean force, int timeoutSeconds) {
        return StopOptions.newBuilder()
                .setForce(force)
                .setTimeoutSeconds(timeoutSeconds == 0 ? DEFAULT_TIMEOUT_SECONDS : timeoutSeconds)
                .build();
    }
}
