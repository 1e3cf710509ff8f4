package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.number;
import static io.hypervisor.cluster.Structs.text;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Struct;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.controller.store.etcd.EtcdCluster;

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
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Three controllers over three etcd members, and three agents with fake drivers, each a process of
 * its own on free ports, all state in one folder.
 */
final class ReplicatedCluster implements AutoCloseable {
    static final int SIZE = 3;
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Duration START = Duration.ofMinutes(1);

    final EtcdCluster etcd;
    private final Path data;
    private final List<String> controllers = freeAddresses();
    private final List<String> agents = freeAddresses();
    private final List<String> webs = freeAddresses();
    private final Process[] controllerProcesses = new Process[SIZE];
    private final Process[] agentProcesses = new Process[SIZE];

    /** Starts everything and waits until each replica shows all nodes READY. */
    ReplicatedCluster(Path data) throws IOException {
        this.data = data;
        Files.createDirectories(data.resolve("tmp"));
        etcd = EtcdCluster.start(SIZE);
        for (int i = 0; i < SIZE; i++) {
            startController(i);
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
                        "--store=etcd",
                        "--etcd.endpoints=[" + endpoints + "]",
                        "--grpc-addr=" + controllers.get(index),
                        "--http-addr=" + webs.get(index),
                        "--heartbeat.interval=500ms",
                        "--heartbeat.timeout=3s",
                        "--watch-bookmarks=500ms",
                        "--placement.cpu-overcommit=100.0");
    }

    void startAgent(int index) {
        agentProcesses[index] =
                java(
                        "compute-agent",
                        index,
                        "io.hypervisor.agent.Main",
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
                                return number(ready, "total_count") == SIZE && leader(client) >= 0;
                            }
                        });
    }

    private Process java(String module, int index, String main, String... flags) {
        Path home = data.resolve(module + "-" + index);
        Path tmp = data.resolve("tmp");
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        // Short lives: starting fast counts, not running fast.
        command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-XX:-UsePerfData", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("--sun-misc-unsafe-memory-access=allow"));
        command.addAll(List.of("-Djava.io.tmpdir=" + tmp, "-Djna.tmpdir=" + tmp));
        Path target = ROOT.resolve(module).resolve("target");
        command.add("-cp");
        command.add(target.resolve(module + ".jar") + File.pathSeparator + target + "/lib/*");
        command.add(main);
        command.addAll(Arrays.asList(flags));
        command.add("--data-dir=" + home);
        File log = data.resolve(home.getFileName() + ".log").toFile();
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

    static String hostname(int index) {
        return "node-" + index;
    }

    /** The leader's index, in the opinion of one replica; -1 if there is none. */
    int leader(ReflectionClient client) {
        Struct info = client.call("hypervisor.v1.ClusterService/GetClusterInfo", "{}");
        return controllers.indexOf(text(info, "leader"));
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

    private static List<String> freeAddresses() {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < SIZE; i++) {
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
