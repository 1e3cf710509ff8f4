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
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.etcd.EtcdCluster;
import io.hypervisor.controller.store.etcd.EtcdConfig;
import io.hypervisor.controller.store.etcd.EtcdStore;
import io.hypervisor.core.Clock;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Three controllers over three etcd members, and agents with fake drivers, on free ports, all state
 * in one folder. Controllers and etcd members are processes of their own; agents share as few as
 * asked for.
 */
final class ReplicatedCluster implements AutoCloseable {
    static final int SIZE = 3;
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Duration START = Duration.ofMinutes(1);

    final EtcdCluster etcd;
    private final Path data;
    private final List<String> controllers = freeAddresses(SIZE);
    private final List<String> webs = freeAddresses(SIZE);
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
        this.agents = freeAddresses(agents);
        this.agentsPerProcess = agentsPerProcess;
        this.agentProcesses = new Process[agents / agentsPerProcess];
        Files.createDirectories(data.resolve("tmp"));
        etcd = EtcdCluster.start(SIZE);
        for (int i = 0; i < SIZE; i++) {
            startController(i);
        }
        for (int i = 0; i < agentProcesses.length; i++) {
            startAgent(i);
        }
        for (int i = 0; i < SIZE; i++) {
            awaitReady(i);
        }
    }

    void startController(int index) {
        String endpoints =
                etcd.endpoints().stream().map(Object::toString).collect(Collectors.joining(","));
        controllerProcesses[index] =
                java(
                        "controller",
                        index,
                        "io.hypervisor.controller.Main",
                        List.of(
                                "--store=etcd",
                                "--etcd.endpoints=[" + endpoints + "]",
                                "--grpc-addr=" + controllers.get(index),
                                "--http-addr=" + webs.get(index),
                                "--heartbeat.interval=500ms",
                                "--heartbeat.timeout=3s",
                                "--watch-bookmarks=500ms",
                                "--placement.cpu-overcommit=100.0",
                                "--data-dir=" + home("controller", index)));
    }

    /** Starts a process of agents. */
    void startAgent(int process) {
        List<String> flags = new ArrayList<>();
        for (int i = process * agentsPerProcess; i < (process + 1) * agentsPerProcess; i++) {
            if (!flags.isEmpty()) {
                flags.add(AgentFarm.SEPARATOR);
            }
            flags.addAll(
                    List.of(
                            "--drivers.fake.enabled=true",
                            "--drivers.fake.types=[vm, container]",
                            "--controllers=[" + String.join(",", controllers) + "]",
                            "--hostname=" + hostname(i),
                            "--grpc-addr=" + agents.get(i),
                            "--data-dir=" + home("compute-agent", i)));
        }
        String main =
                agentsPerProcess == 1 ? "io.hypervisor.agent.Main" : AgentFarm.class.getName();
        agentProcesses[process] = java("compute-agent", process, main, flags);
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

    private Path home(String module, int index) {
        return data.resolve(module + "-" + index);
    }

    private Process java(String module, int index, String main, List<String> flags) {
        Path tmp = data.resolve("tmp");
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        // Short lives: starting fast counts, not running fast.
        command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-XX:-UsePerfData", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("--sun-misc-unsafe-memory-access=allow"));
        command.addAll(List.of("-Djava.io.tmpdir=" + tmp, "-Djna.tmpdir=" + tmp));
        Path target = ROOT.resolve(module).resolve("target");
        command.add("-cp");
        command.add(
                String.join(
                        File.pathSeparator,
                        target.resolve(module + ".jar").toString(),
                        target + "/lib/*",
                        Path.of("target/test-classes").toAbsolutePath().toString()));
        command.add(main);
        command.addAll(flags);
        File log = data.resolve(module + "-" + index + ".log").toFile();
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        return cause instanceof StatusRuntimeException status
                && status.getStatus().getCode() == Status.Code.UNAVAILABLE;
    }

    private static List<String> freeAddresses(int count) {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            List<String> addresses =
                    sockets.stream().map(s -> "127.0.0.1:" + s.getLocalPort()).toList();
            for (ServerSocket socket : sockets) {
                socket.close();
            }
            return addresses;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        Stream.concat(Arrays.stream(controllerProcesses), Arrays.stream(agentProcesses))
                .forEach(process -> process.destroyForcibly().onExit().join());
        etcd.close();
    }
}
