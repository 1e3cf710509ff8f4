package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentConsoleResize;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** ComputeService's console: the first message names the instance and the terminal's size. */
final class ComputeDialect implements ConsoleSession.Dialect<ConsoleInput, ConsoleOutput> {
    private final Supplier<Snapshot> snapshots;

    ComputeDialect(Supplier<Snapshot> snapshots) {
        this.snapshots = snapshots;
    }

    @Override
    public ConsoleSession.Target target(ConsoleInput first) {
        Snapshot now = snapshots.get();
        Instance instance = NodeDoor.instance(now, first.getInstanceId());
        requireRunning(instance);
        return new ConsoleSession.Target(NodeDoor.of(now, instance), instance.getId());
    }

    /** UNKNOWN is let through: the node itself may answer although the controller lost it. */
    static void requireRunning(Instance instance) {
        switch (instance.getState()) {
            case INSTANCE_STATE_RUNNING,
                    INSTANCE_STATE_STOPPING,
                    INSTANCE_STATE_PAUSED,
                    INSTANCE_STATE_MIGRATING,
                    INSTANCE_STATE_UNKNOWN -> {}
            case INSTANCE_STATE_UNSPECIFIED,
                    INSTANCE_STATE_PENDING,
                    INSTANCE_STATE_CREATING,
                    INSTANCE_STATE_STOPPED,
                    INSTANCE_STATE_FAILED,
                    INSTANCE_STATE_DELETING,
                    INSTANCE_STATE_STARTING,
                    UNRECOGNIZED ->
                    throw Fault.wrongState(
                            "instance",
                            instance.getId(),
                            instance.getState(),
                            InstanceState.INSTANCE_STATE_RUNNING.name());
        }
    }

    @Override
    public List<AgentConsoleInput> inputs(ConsoleInput message, boolean first) {
        ComputeRequests.check(message, first);
        List<AgentConsoleInput> inputs = new ArrayList<>();
        if (first && message.getTty() && message.getWidth() > 0 && message.getHeight() > 0) {
            inputs.add(resize(message.getWidth(), message.getHeight()));
        }
        if (message.hasResize()) {
            inputs.add(resize(message.getResize().getWidth(), message.getResize().getHeight()));
        }
        if (!message.getData().isEmpty()) {
            inputs.add(AgentConsoleInput.newBuilder().setData(message.getData()).build());
        }
        return inputs;
    }

    private static AgentConsoleInput resize(int width, int height) {
        return AgentConsoleInput.newBuilder()
                .setResize(AgentConsoleResize.newBuilder().setWidth(width).setHeight(height))
                .build();
    }

    @Override
    public String instanceId(ConsoleInput message) {
        return message.getInstanceId();
    }

    @Override
    public ConsoleOutput output(AgentConsoleOutput output) {
        return ConsoleOutput.newBuilder().setData(output.getData()).build();
    }
}
