package io.hypervisor.agent.door;

import com.google.protobuf.ByteString;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.LogFollower;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentConsoleResize;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.FaultInterceptor;
import io.hypervisor.core.spec.AgentRequests;

import java.util.Optional;

/**
 * One viewer of a console. What the instance writes comes from its log, so viewers do not know of
 * each other; what is typed goes to the driver.
 */
final class ConsoleCall implements StreamObserver<AgentConsoleInput>, LogFollower.Reader {
    private static final int TAIL = 64 * 1024;

    private final Locals locals;
    private final Clock clock;
    private final Tasks tasks;
    private final ServerCallStreamObserver<AgentConsoleOutput> out;
    private Optional<Attached> attached = Optional.empty();
    private boolean over;

    private record Attached(String instanceId, Console console, LogFollower follower) {}

    ConsoleCall(
            Locals locals,
            Clock clock,
            Tasks tasks,
            String header,
            ServerCallStreamObserver<AgentConsoleOutput> out) {
        this.locals = locals;
        this.clock = clock;
        this.tasks = tasks;
        this.out = out;
        out.setOnReadyHandler(() -> follower().ifPresent(LogFollower::wake));
        out.setOnCancelHandler(this::detach);
        out.disableAutoRequest();
        out.request(1);
        if (!header.isEmpty()) {
            attach(header);
        }
    }

    private synchronized Optional<LogFollower> follower() {
        return attached.map(Attached::follower);
    }

    private synchronized boolean isOver() {
        return over;
    }

    private void attach(String id) {
        Instance instance = locals.get(id);
        if (instance.getState() != InstanceState.INSTANCE_STATE_RUNNING) {
            throw Fault.wrongState("instance", id, instance.getState(), "RUNNING");
        }
        Console console = locals.driver(instance).console(id);
        LogFollower follower =
                new LogFollower(console.log(), LogFollower.Tail.ofBytes(TAIL), clock, tasks, this);
        synchronized (this) {
            attached = Optional.of(new Attached(id, console, follower));
        }
        follower.start();
    }

    @Override
    public void onNext(AgentConsoleInput input) {
        if (isOver()) {
            return;
        }
        try {
            AgentRequests.check(input);
            Attached to = attachedTo(input);
            switch (input.getInputCase()) {
                case DATA -> type(to, input.getData());
                case RESIZE -> resize(to, input.getResize());
                case INPUT_NOT_SET -> {}
            }
            out.request(1);
        } catch (RuntimeException e) {
            fail(Faulty.of(e));
        }
    }

    private Attached attachedTo(AgentConsoleInput input) {
        if (attached.isEmpty()) {
            attach(input.getInstanceId());
        }
        Attached to = attached.orElseThrow();
        AgentRequests.sameInstance(input.getInstanceId(), to.instanceId());
        return to;
    }

    private static void type(Attached to, ByteString data) {
        to.console().write(data.toByteArray());
        to.follower().expect();
    }

    private static void resize(Attached to, AgentConsoleResize size) {
        to.console().resize(size.getWidth(), size.getHeight());
    }

    @Override
    public void onError(Throwable cause) {
        detach();
    }

    @Override
    public void onCompleted() {
        // The client has typed everything; it may go on to read.
        if (attached.isEmpty()) {
            fail(Fault.invalid("instance_id", "", "a UUID in the first message"));
        }
    }

    @Override
    public boolean isReady() {
        return out.isReady();
    }

    @Override
    public void read(byte[] data) {
        synchronized (this) {
            if (!over) {
                out.onNext(
                        AgentConsoleOutput.newBuilder().setData(ByteString.copyFrom(data)).build());
            }
        }
    }

    @Override
    public boolean atEnd() {
        boolean runs = runs();
        if (!runs) {
            synchronized (this) {
                if (!over) {
                    over = true;
                    out.onCompleted();
                }
            }
            detach();
        }
        return runs;
    }

    private synchronized boolean runs() {
        return attached.filter(to -> locals.isRunning(to.instanceId())).isPresent();
    }

    private void fail(Fault reason) {
        synchronized (this) {
            if (!over) {
                over = true;
                out.onError(
                        FaultInterceptor.toStatusException("AgentService/AttachConsole", reason));
            }
        }
        detach();
    }

    private void detach() {
        Optional<Attached> last;
        synchronized (this) {
            over = true;
            last = attached;
            attached = Optional.empty();
        }
        last.ifPresent(
                a -> {
                    a.follower().close();
                    a.console().close();
                });
    }
}
