package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.FreePort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A controller and an agent, each a process, with the drivers that the agent's flags enable. */
final class NodeProcesses implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    final Path data;
    final String grpc = FreePort.address();
    private final Process controller;
    private final ManagedChannel channel;
    private List<String> agentFlags = List.of();
    private Process agent;

    NodeProcesses() throws IOException {
        data = Files.createTempDirectory("hv");
        Files.createDirectories(data.resolve("tmp"));
        controller =
                Deployed.start(
                        "controller",
                        data,
                        "controller",
                        List.of("--grpc-addr=" + grpc, "--http-addr=" + FreePort.address()));
        channel = NettyChannelBuilder.forTarget(grpc).usePlaintext().build();
    }

    /** Starts the agent for the first time, and waits until its node is ready. */
    void start(String... flags) {
        List<String> all = new ArrayList<>(List.of(flags));
        all.add("--controllers=[" + grpc + "]");
        all.add("--hostname=node");
        all.add("--network.enabled=false");
        agentFlags = all;
        startAgent();
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> node().getStatus() == NodeStatus.NODE_STATUS_READY);
    }

    /** Starts the agent again. */
    void startAgent() {
        List<String> flags = new ArrayList<>(agentFlags);
        flags.add("--grpc-addr=" + FreePort.address());
        agent = Deployed.start("compute-agent", data, "agent", flags);
    }

    /** Ends the agent as a power cut would. */
    void killAgent() {
        agent.destroyForcibly().onExit().join();
    }

    ComputeServiceGrpc.ComputeServiceBlockingStub compute() {
        return ComputeServiceGrpc.newBlockingStub(channel);
    }

    Node node() {
        return ClusterServiceGrpc.newBlockingStub(channel)
                .listNodes(ListNodesRequest.getDefaultInstance())
                .getNodes(0);
    }

    /** Ends both. What else names the folder has to be gone by then. */
    @Override
    public void close() throws IOException {
        channel.shutdownNow();
        killAgent();
        controller.destroyForcibly().onExit().join();
        assertThat(Leftovers.of(data)).isEmpty();
        Leftovers.delete(data);
    }
}
