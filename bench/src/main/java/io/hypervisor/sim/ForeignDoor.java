package io.hypervisor.sim;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;

import io.grpc.stub.StreamObserver;
import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentListInstancesResponse;
import io.hypervisor.api.v1.AgentRestartInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.core.Fault;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The nine methods as a foreign agent serves them, in one of its processes. One change of an
 * instance at a time; another one meanwhile is refused.
 */
final class ForeignDoor extends AgentServiceGrpc.AgentServiceImplBase {
    // What a cluster's controller marks its copies with. Their drivers keep it in any case: it is
    // how the judges know a copy.
    static final String EPOCH = "hypervisor.io/epoch";

    private static final Duration GRACE = Duration.ofSeconds(10);

    private final Map<String, Instance> known;
    private final boolean keepsAnnotations;
    private final SimProcess process;
    private final Map<InstanceType, FakeDriver> drivers = new EnumMap<>(InstanceType.class);
    private final Map<String, InstanceState> underway = new HashMap<>();
    private boolean well = true;

    /** Serves the instances that are known, which outlive it. */
    ForeignDoor(
            Map<String, Instance> known,
            boolean keepsAnnotations,
            SimProcess process,
            List<FakeDriver> drivers) {
        this.known = known;
        this.keepsAnnotations = keepsAnnotations;
        this.process = process;
        drivers.forEach(driver -> this.drivers.put(driver.type(), driver));
    }

    /** Whether all drivers answered when they were asked last. */
    boolean well() {
        return well;
    }

    @Override
    public void createInstance(AgentCreateInstanceRequest request, StreamObserver<Instance> out) {
        String id = request.getInstanceId();
        answer(
                out,
                () -> {
                    if (known.containsKey(id)) {
                        throw Fault.alreadyExists("instance", id, id + " exists");
                    }
                    known.put(id, described(request));
                    return change(
                            id, InstanceState.INSTANCE_STATE_CREATING, instance -> run(instance));
                });
    }

    private static Instance described(AgentCreateInstanceRequest request) {
        return Instance.newBuilder()
                .setId(request.getInstanceId())
                .setName(request.getName())
                .setType(request.getType())
                .setSpec(request.getSpec())
                .setMetadata(
                        Metadata.newBuilder()
                                .putAllLabels(request.getLabelsMap())
                                .putAllAnnotations(request.getAnnotationsMap()))
                .build();
    }

    @Override
    public void startInstance(AgentInstanceRequest request, StreamObserver<Instance> out) {
        answer(
                out,
                () ->
                        change(
                                request.getInstanceId(),
                                InstanceState.INSTANCE_STATE_STARTING,
                                this::run));
    }

    @Override
    public void stopInstance(AgentStopInstanceRequest request, StreamObserver<Instance> out) {
        Duration grace =
                request.getForce()
                        ? Duration.ZERO
                        : Duration.ofSeconds(request.getTimeoutSeconds());
        answer(
                out,
                () ->
                        change(
                                request.getInstanceId(),
                                InstanceState.INSTANCE_STATE_STOPPING,
                                instance -> driver(instance).stop(instance.getId(), grace)));
    }

    @Override
    public void restartInstance(AgentRestartInstanceRequest request, StreamObserver<Instance> out) {
        answer(
                out,
                () ->
                        change(
                                request.getInstanceId(),
                                InstanceState.INSTANCE_STATE_STOPPING,
                                instance -> {
                                    driver(instance)
                                            .stop(instance.getId(), grace(request.getForce()));
                                    run(instance);
                                }));
    }

    @Override
    public void deleteInstance(AgentDeleteInstanceRequest request, StreamObserver<Empty> out) {
        String id = request.getInstanceId();
        answer(
                out,
                () -> {
                    change(
                            id,
                            InstanceState.INSTANCE_STATE_DELETING,
                            instance -> {
                                driver(instance).stop(id, grace(request.getForce()));
                                driver(instance).destroy(id);
                                known.remove(id);
                            });
                    return Empty.getDefaultInstance();
                });
    }

    @Override
    public void getInstance(AgentInstanceRequest request, StreamObserver<Instance> out) {
        answer(out, () -> view(require(request.getInstanceId())));
    }

    @Override
    public void listInstances(Empty request, StreamObserver<AgentListInstancesResponse> out) {
        answer(
                out,
                () -> {
                    List<Instance> all = new ArrayList<>();
                    for (InstanceType type : drivers.keySet()) {
                        Map<String, Found> found = list(type);
                        known.values().stream()
                                .filter(instance -> instance.getType() == type)
                                .forEach(instance -> all.add(view(instance, found)));
                    }
                    all.sort(Comparator.comparing(Instance::getId));
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
                    Instance instance = require(request.getInstanceId());
                    return driver(instance).stats(instance.getId());
                });
    }

    @Override
    public StreamObserver<AgentConsoleInput> attachConsole(StreamObserver<AgentConsoleOutput> out) {
        return new StreamObserver<>() {
            private Optional<Console> console = Optional.empty();

            @Override
            public void onNext(AgentConsoleInput input) {
                byte[] typed = input.getData().toByteArray();
                attempt(
                        () -> {
                            if (console.isEmpty()) {
                                Instance instance = require(input.getInstanceId());
                                console = Optional.of(driver(instance).console(instance.getId()));
                            }
                            console.get().write(typed);
                            return typed;
                        });
                out.onNext(AgentConsoleOutput.newBuilder().setData(input.getData()).build());
            }

            @Override
            public void onError(Throwable cause) {}

            @Override
            public void onCompleted() {
                out.onCompleted();
            }
        };
    }

    /** What a change does. */
    private interface Change {
        void to(Instance instance);
    }

    /** Takes effect whether or not the caller still waits. */
    private Instance change(String id, InstanceState meanwhile, Change change) {
        Instance instance = require(id);
        if (underway.putIfAbsent(id, meanwhile) != null) {
            throw Fault.wrongState("instance", id, underway.get(id), "one change at a time");
        }
        try {
            process.effect(meanwhile + " " + id);
            change.to(instance);
            process.effect(meanwhile + " done " + id);
        } finally {
            underway.remove(id);
        }
        return known.containsKey(id) ? view(instance) : instance;
    }

    /** Makes it, or what is missing of it, and starts it unless it runs. */
    private void run(Instance instance) {
        FakeDriver driver = driver(instance);
        Metadata metadata = instance.getMetadata();
        Target target =
                new Target(
                        instance.getId(),
                        Long.parseLong(metadata.getAnnotationsOrThrow(EPOCH)),
                        1,
                        instance.getName(),
                        false,
                        instance.getSpec(),
                        metadata,
                        List.of());
        driver.create(target);
        driver.start(target);
    }

    private static Duration grace(boolean force) {
        return force ? Duration.ZERO : GRACE;
    }

    private Instance require(String id) {
        return Optional.ofNullable(known.get(id)).orElseThrow(() -> Fault.notFound("instance", id));
    }

    private FakeDriver driver(Instance instance) {
        return drivers.get(instance.getType());
    }

    private Map<String, Found> list(InstanceType type) {
        Map<String, Found> found = new HashMap<>();
        well = false;
        drivers.get(type).list().forEach(each -> found.put(each.instanceId(), each));
        well = true;
        return found;
    }

    private Instance view(Instance instance) {
        return view(instance, list(instance.getType()));
    }

    private Instance view(Instance instance, Map<String, Found> found) {
        Instance.Builder view = instance.toBuilder().setState(InstanceState.INSTANCE_STATE_FAILED);
        if (!keepsAnnotations) {
            view.getMetadataBuilder().clearAnnotations();
        }
        Optional.ofNullable(found.get(instance.getId()))
                .ifPresent(
                        copy -> {
                            view.setState(state(copy));
                            copy.exitCode().ifPresent(view::setExitCode);
                            copy.startedAt().map(ForeignDoor::time).ifPresent(view::setStartedAt);
                        });
        return view.setState(underway.getOrDefault(instance.getId(), view.getState())).build();
    }

    private static InstanceState state(Found copy) {
        return switch (copy.state()) {
            case RUNNING -> InstanceState.INSTANCE_STATE_RUNNING;
            case PAUSED -> InstanceState.INSTANCE_STATE_PAUSED;
            // Half-made, and nobody is at work on it.
            case PARTIAL -> InstanceState.INSTANCE_STATE_FAILED;
            case STOPPED ->
                    switch (copy.exit()) {
                        case NONE, STOPPED, CLEAN -> InstanceState.INSTANCE_STATE_STOPPED;
                        case FAILED, UNKNOWN -> InstanceState.INSTANCE_STATE_FAILED;
                    };
        };
    }

    private static Timestamp time(Instant at) {
        return Timestamp.newBuilder()
                .setSeconds(at.getEpochSecond())
                .setNanos(at.getNano())
                .build();
    }

    private static <T> void answer(StreamObserver<T> out, Supplier<T> call) {
        out.onNext(attempt(call));
        out.onCompleted();
    }

    /** A driver's failure is answered as one that may pass. */
    private static <T> T attempt(Supplier<T> call) {
        try {
            return call.get();
        } catch (DriverException e) {
            throw e.isPermanent()
                    ? Fault.of(Fault.Kind.FAILED_PRECONDITION, "DRIVER", e.getMessage())
                    : Fault.unavailable("DRIVER", e.getMessage());
        }
    }
}
