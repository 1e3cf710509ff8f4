package io.hypervisor.agent.door;

import com.google.protobuf.Empty;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.LogFollower;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.reconcile.Reconciler;
import io.hypervisor.agent.reconcile.Sightings;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentListInstancesResponse;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.AgentRestartInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.spec.AgentRequests;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** AgentService of this node. Handlers block; they need virtual threads. */
public final class Door extends AgentServiceGrpc.AgentServiceImplBase {
    private final Locals locals;
    private final StatsReader stats;
    private final Clock clock;
    private final Tasks tasks;
    private final Runnable imagesChanged;

    /**
     * A door that needs {@link InstanceHeader} among its server's interceptors.
     *
     * @param nodeId the node's id, empty before it has registered
     * @param imagesChanged looks again at what the node holds
     */
    public Door(
            Journal journal,
            Reconciler reconciler,
            Sightings sightings,
            Supplier<String> nodeId,
            Clock clock,
            Ids ids,
            Tasks tasks,
            Runnable imagesChanged) {
        this.locals = new Locals(journal, reconciler, sightings, nodeId, clock, ids, tasks);
        this.stats = new StatsReader(clock);
        this.clock = clock;
        this.tasks = tasks;
        this.imagesChanged = imagesChanged;
    }

    /** What the node's instances use. */
    public InstanceMetrics metrics() {
        return new InstanceMetrics(locals);
    }

    private static <T> void answer(StreamObserver<T> out, Supplier<T> call) {
        T answer;
        try {
            answer = call.get();
        } catch (RuntimeException e) {
            throw Faulty.of(e);
        }
        out.onNext(answer);
        out.onCompleted();
    }

    @Override
    public void createInstance(AgentCreateInstanceRequest request, StreamObserver<Instance> out) {
        answer(out, () -> locals.create(request));
    }

    @Override
    public void deleteInstance(AgentDeleteInstanceRequest request, StreamObserver<Empty> out) {
        answer(
                out,
                () -> {
                    locals.delete(request);
                    return Empty.getDefaultInstance();
                });
    }

    @Override
    public void startInstance(AgentInstanceRequest request, StreamObserver<Instance> out) {
        answer(out, () -> locals.start(request.getInstanceId()));
    }

    @Override
    public void stopInstance(AgentStopInstanceRequest request, StreamObserver<Instance> out) {
        answer(out, () -> locals.stop(request));
    }

    @Override
    public void restartInstance(AgentRestartInstanceRequest request, StreamObserver<Instance> out) {
        answer(out, () -> locals.restart(request));
    }

    @Override
    public void getInstance(AgentInstanceRequest request, StreamObserver<Instance> out) {
        answer(out, () -> locals.get(request.getInstanceId()));
    }

    @Override
    public void listInstances(Empty request, StreamObserver<AgentListInstancesResponse> out) {
        answer(
                out,
                () -> {
                    List<Instance> all = locals.list();
                    return AgentListInstancesResponse.newBuilder()
                            .addAllInstances(all)
                            .setTotalCount(all.size())
                            .build();
                });
    }

    @Override
    public void getInstanceStats(AgentInstanceRequest request, StreamObserver<InstanceStats> out) {
        answer(
                out,
                () -> {
                    Instance instance = locals.get(request.getInstanceId());
                    if (instance.getState() != InstanceState.INSTANCE_STATE_RUNNING) {
                        throw Fault.wrongState(
                                "instance", instance.getId(), instance.getState(), "RUNNING");
                    }
                    return stats.read(locals.driver(instance), instance);
                });
    }

    @Override
    public StreamObserver<AgentConsoleInput> attachConsole(StreamObserver<AgentConsoleOutput> out) {
        try {
            return new ConsoleCall(
                    locals,
                    clock,
                    tasks,
                    InstanceHeader.get(),
                    (ServerCallStreamObserver<AgentConsoleOutput>) out);
        } catch (RuntimeException e) {
            throw Faulty.of(e);
        }
    }

    @Override
    public void getInstanceLogs(
            GetInstanceLogsRequest request, StreamObserver<InstanceLogChunk> out) {
        AgentRequests.check(request);
        String id = request.getInstanceId();
        Instance instance = locals.get(id);
        var observer = (ServerCallStreamObserver<InstanceLogChunk>) out;
        try (Console console = locals.driver(instance).console(id)) {
            LogCall call = new LogCall(observer, () -> request.getFollow() && locals.has(id));
            LogFollower follower =
                    new LogFollower(console.log(), tail(request), clock, tasks, call);
            observer.setOnReadyHandler(follower::wake);
            observer.setOnCancelHandler(follower::close);
            follower.start();
        } catch (RuntimeException e) {
            throw Faulty.of(e);
        }
    }

    private static LogFollower.Tail tail(GetInstanceLogsRequest request) {
        long bytes = request.getTailBytes() == 0 ? Long.MAX_VALUE : request.getTailBytes();
        Optional<Instant> since =
                request.hasSince()
                        ? Optional.of(
                                Instant.ofEpochSecond(
                                        request.getSince().getSeconds(),
                                        request.getSince().getNanos()))
                        : Optional.empty();
        return new LogFollower.Tail(bytes, request.getTailLines(), since);
    }

    @Override
    public void pullImage(AgentPullImageRequest request, StreamObserver<PullImageProgress> out) {
        AgentRequests.check(request);
        var observer = (ServerCallStreamObserver<PullImageProgress>) out;
        // Whoever leaves is noticed; without this, what is sent to them would fail.
        observer.setOnCancelHandler(() -> {});
        try {
            InstanceDriver driver = locals.driver(request.getType());
            new PullCall(driver, request, imagesChanged, tasks, observer).run();
        } catch (RuntimeException e) {
            throw Faulty.of(e);
        }
    }
}
