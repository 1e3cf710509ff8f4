package io.hypervisor.cluster.input;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.hypervisor.agent.Agent;
import io.hypervisor.agent.AgentConfig;
import io.hypervisor.agent.AgentCore;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.driver.fake.FakeScript.Call;
import io.hypervisor.agent.driver.fake.FakeWorld;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.controller.Controller;
import io.hypervisor.controller.ControllerConfig;
import io.hypervisor.controller.FreePort;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A controller and an agent with fake drivers in this process, and clients of their three ports.
 */
final class Scene implements AutoCloseable {
    private final Path folder;
    private final Tasks tasks = new VirtualTasks();
    private final FakeScript script = new FakeScript();
    private final PrometheusMeterRegistry metrics =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Controller controller;
    private final Agent agent;
    private final ManagedChannel toController;
    private final ManagedChannel toAgent;

    /** Starts both, and waits until the node is ready. */
    Scene(Path folder) {
        this.folder = folder;
        String address = FreePort.address();
        List<String> flags =
                List.of(
                        "--grpc-addr=" + address,
                        "--http-addr=127.0.0.1:0",
                        "--shutdown-grace=1s",
                        // Nothing but the test's own calls changes anything.
                        "--heartbeat.timeout=10m");
        controller =
                new Controller(
                        config(ControllerConfig.class, flags),
                        new MemoryStore(tasks, 10_000).connect(),
                        Clock.system(),
                        new SecureRandom(),
                        tasks,
                        metrics);
        agent = startAgent(address);
        toController = channel(controller.grpcPort());
        toAgent = channel(agent.port());
        await().until(() -> info().getReadyNodes() == 1);
    }

    private Agent startAgent(String controllerAddress) {
        List<String> flags =
                List.of(
                        "--grpc-addr=127.0.0.1:0",
                        "--data-dir=" + folder,
                        "--hostname=n1",
                        "--facts-period=1h",
                        "--network.enabled=false",
                        "--controllers=[" + controllerAddress + "]");
        return new Agent(
                config(AgentConfig.class, flags),
                DataDir.open(folder),
                Stream.of(InstanceType.INSTANCE_TYPE_VM, InstanceType.INSTANCE_TYPE_CONTAINER)
                        .map(this::driver)
                        .toList(),
                new AgentCore.Surroundings(
                        Clock.system(), tasks, new Random(1), new SimpleMeterRegistry()));
    }

    private FakeDriver driver(InstanceType type) {
        FakeWorld world = FakeWorld.at(folder.resolve("world-" + type.getNumber()));
        return new FakeDriver(type, world, script, Clock.system(), tasks);
    }

    private static <C extends Record> C config(Class<C> type, List<String> flags) {
        return ConfigLoader.load(type, Optional.empty(), Map.of(), new ArrayList<>(flags));
    }

    private static ManagedChannel channel(int port) {
        return Grpc.newChannelBuilder("127.0.0.1:" + port, InsecureChannelCredentials.create())
                .build();
    }

    ManagedChannel toController() {
        return toController;
    }

    ManagedChannel toAgent() {
        return toAgent;
    }

    int grpcPort() {
        return controller.grpcPort();
    }

    int agentPort() {
        return agent.port();
    }

    int httpPort() {
        return controller.httpPort();
    }

    String http(String path) {
        return "http://127.0.0.1:" + controller.httpPort() + path;
    }

    ClusterServiceGrpc.ClusterServiceBlockingStub cluster() {
        return ClusterServiceGrpc.newBlockingStub(toController)
                .withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    ComputeServiceGrpc.ComputeServiceBlockingStub compute() {
        return ComputeServiceGrpc.newBlockingStub(toController)
                .withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    NetworkServiceGrpc.NetworkServiceBlockingStub network() {
        return NetworkServiceGrpc.newBlockingStub(toController)
                .withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    AgentServiceGrpc.AgentServiceBlockingStub node() {
        return AgentServiceGrpc.newBlockingStub(toAgent).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    ClusterInfo info() {
        return cluster().getClusterInfo(Empty.getDefaultInstance());
    }

    /** The value of a gauge of the controller. */
    double gauge(String name) {
        return metrics.get(name).gauge().value();
    }

    /** Everything that a request could leave behind. */
    record Traces(long revision, int driverCalls, List<Path> files) {}

    Traces traces() {
        int calls =
                Stream.of(Call.CREATE, Call.START, Call.STOP, Call.DESTROY)
                        .mapToInt(script::calls)
                        .sum();
        return new Traces(info().getRevision(), calls, files());
    }

    private List<Path> files() {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        toAgent.shutdownNow();
        toController.shutdownNow();
        agent.close();
        controller.close();
        tasks.close();
    }
}
