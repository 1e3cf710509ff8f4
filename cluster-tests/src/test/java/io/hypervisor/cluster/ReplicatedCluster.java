package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.number;
import static io.hypervisor.cluster.Structs.text;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;
import com.google.protobuf.Struct;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.controller.FreePort;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.etcd.EtcdCluster;
import io.hypervisor.controller.store.etcd.EtcdConfig;
import io.hypervisor.controller.store.etcd.EtcdStore;
import io.hypervisor.core.Clock;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Three controllers over three etcd members, and agents with fake drivers, on free ports, all state
 * in one folder. Controllers and etcd members are processes of their own; agents share as few as
 * asked for.
 */
final class ReplicatedCluster implements AutoCloseable {
    static final int SIZE = 3;
    private static final Duration START = Duration.ofMinutes(1);

    final EtcdCluster etcd;
    private final Path data;
    private final List<String> controllers = addresses(SIZE);
    private final List<String> webs = addresses(SIZE);
    private final List<String> agents;
    private final int agentsPerProcess;
    private final Process[] controllerProcesses = new Process[SIZE];
    private final Process[] agentProcesses;

    /** Three agents, a process each. */
    ReplicatedCluster(Path data) throws IOException {
        this(data, SIZE, 1);
    }

    /** Starts everything and waits until each replica shows all nodes READY. */
    ReplicatedCluster(Path data, int agents, int agentsPerProcess) throws IOException {
        this.data = data;
        this.agents = addresses(agents);
        this.agentsPerProcess = agentsPerProcess;
        this.agentProcesses = new Process[agents / agentsPerProcess];
        Files.createDirectories(data.resolve("tmp"));
        etcd = EtcdCluster.start(SIZE);
        try {
            IntStream.range(0, SIZE).forEach(this::startController);
            IntStream.range(0, agentProcesses.length).forEach(this::startAgent);
            IntStream.range(0, SIZE).forEach(this::awaitReady);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    void startController(int index) {
        String endpoints =
                etcd.endpoints().stream().map(Object::toString).collect(Collectors.joining(","));
        controllerProcesses[index] =
                Deployed.start(
                        "controller",
                        data,
                        "controller-" + index,
                        List.of(
                                "--store=etcd",
                                "--etcd.endpoints=[" + endpoints + "]",
                                "--grpc-addr=" + controllers.get(index),
                                "--http-addr=" + webs.get(index),
                                "--heartbeat.interval=500ms",
                                "--heartbeat.timeout=3s",
                                "--watch-bookmarks=500ms",
                                "--placement.cpu-overcommit=100.0"));
    }

    /** Starts a process of agents. */
    void startAgent(int process) {
        agentProcesses[process] =
                agentsPerProcess == 1
                        ? Deployed.start(
                                "compute-agent", data, agentName(process), agentFlags(process))
                        : AgentFarm.start(
                                data,
                                "compute-agents-" + process,
                                IntStream.range(0, agentsPerProcess)
                                        .map(i -> process * agentsPerProcess + i)
                                        .mapToObj(this::farmFlags)
                                        .toList());
    }

    private static String agentName(int index) {
        return "compute-agent-" + index;
    }

    private List<String> farmFlags(int index) {
        List<String> flags = new ArrayList<>(agentFlags(index));
        flags.add("--data-dir=" + data.resolve(agentName(index)));
        return flags;
    }

    private List<String> agentFlags(int index) {
        return List.of(
                "--network.enabled=false",
                "--drivers.fake.enabled=true",
                "--drivers.fake.types=[vm, container]",
                "--controllers=[" + String.join(",", controllers) + "]",
                "--hostname=" + hostname(index),
                "--grpc-addr=" + agents.get(index));
    }

    /** Waits until a replica serves and shows all nodes READY. */
    void awaitReady(int index) {
        await().atMost(START)
                .ignoreExceptions()
                .until(
                        () -> {
                            try (ReflectionClient client = controller(index)) {
                                Struct ready =
                                        client.call(
                                                "hypervisor.v1.ClusterService/ListNodes",
                                                "{\"status\": \"NODE_STATUS_READY\"}");
                                return number(ready, "total_count") == agents.size()
                                        && leader(client) >= 0;
                            }
                        });
    }

    /** A new client of one replica. */
    ReflectionClient controller(int index) {
        return new ReflectionClient(controllers.get(index));
    }

    /** A new client of one node's own door. */
    ReflectionClient agent(int index) {
        return new ReflectionClient(agents.get(index));
    }

    /** Ids of all that a node's own door shows. */
    List<String> held(int index) {
        ManagedChannel channel =
                Grpc.newChannelBuilder(agents.get(index), InsecureChannelCredentials.create())
                        .build();
        try {
            return AgentServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(20, TimeUnit.SECONDS)
                    .listInstances(Empty.getDefaultInstance())
                    .getInstancesList()
                    .stream()
                    .map(Instance::getId)
                    .toList();
        } finally {
            channel.shutdownNow();
        }
    }

    static String hostname(int index) {
        return "node-" + index;
    }

    /** The leader's index, in the opinion of one replica; -1 if there is none. */
    int leader(ReflectionClient client) {
        Struct info = client.call("hypervisor.v1.ClusterService/GetClusterInfo", "{}");
        return controllers.indexOf(text(info, "leader"));
    }

    /** A new connection to one replica. */
    ManagedChannel channel(int index) {
        return Grpc.newChannelBuilder(controllers.get(index), InsecureChannelCredentials.create())
                .build();
    }

    /** What the store holds, read beside all controllers. */
    List<Store.Stored> stored() {
        EtcdConfig config = EtcdConfig.of(etcd.endpoints(), "/hypervisor/");
        try (VirtualTasks tasks = new VirtualTasks();
                Store store =
                        new EtcdStore(config, tasks, Clock.system(), new SimpleMeterRegistry())) {
            return store.load().entries();
        }
    }

    /** Asks a replica to stop, and waits until it has. */
    void stopController(int index) {
        controllerProcesses[index].destroy();
        controllerProcesses[index].onExit().join();
    }

    /** Ends a replica as a power cut would. */
    void killController(int index) {
        controllerProcesses[index].destroyForcibly().onExit().join();
    }

    /** Ends an agent as a power cut would. */
    void killAgent(int index) {
        agentProcesses[index].destroyForcibly().onExit().join();
    }

    /** Whether a call failed in a way that asks the client to try again. */
    static boolean unavailable(RuntimeException failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof StatusRuntimeException)) {
            cause = cause.getCause();
        }
        return cause instanceof StatusRuntimeException status && unavailable(status.getStatus());
    }

    /** The same of a status: the server's word, or the library's when the connection is lost. */
    static boolean unavailable(Status status) {
        return status.getCode() == Status.Code.UNAVAILABLE
                || (status.getCode() == Status.Code.UNKNOWN
                        && status.getCause() instanceof IOException);
    }

    private static List<String> addresses(int count) {
        return Stream.generate(FreePort::address).limit(count).toList();
    }

    @Override
    public void close() throws IOException {
        Stream.concat(Arrays.stream(controllerProcesses), Arrays.stream(agentProcesses))
                .filter(Objects::nonNull)
                .forEach(process -> process.destroyForcibly().onExit().join());
        etcd.close();
    }
}
