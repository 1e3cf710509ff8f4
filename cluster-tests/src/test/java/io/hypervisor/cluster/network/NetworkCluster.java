package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.ListVTEPsRequest;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.cluster.Deployed;
import io.hypervisor.cluster.Leftovers;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One controller and three hosts. Shared by all test classes that ask for it, because it takes a
 * while.
 */
final class NetworkCluster implements AutoCloseable {
    private static final int HOSTS = 3;
    private static final Duration START = Duration.ofMinutes(2);

    final Fabric fabric;
    final List<NetworkHost> hosts = new ArrayList<>();
    private final Path data;
    private final ManagedChannel channel;
    private final String address;
    private Process controller;

    /** Hands the cluster to tests. */
    static final class Extension implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == NetworkCluster.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(ExtensionContext.Namespace.GLOBAL)
                    .getOrComputeIfAbsent(NetworkCluster.class);
        }
    }

    NetworkCluster() {
        try {
            data = Files.createTempDirectory("hvn");
            Files.createDirectory(data.resolve("tmp"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        fabric = new Fabric();
        address = fabric.controllerIp() + ":50051";
        startController();
        for (int i = 1; i <= HOSTS; i++) {
            NetworkHost host = host(i);
            hosts.add(host);
            host.startAgent();
        }
        channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
        awaitReady();
    }

    /** Starts the controller, which goes on where it was. */
    void startController() {
        controller =
                Deployed.start(
                        "controller",
                        data,
                        "controller",
                        List.of(
                                "--grpc-addr=" + address,
                                "--http-addr=" + fabric.controllerIp() + ":8080",
                                "--heartbeat.interval=500ms",
                                "--heartbeat.timeout=10s"));
    }

    /** Kills the controller as a power cut would. */
    void killController() {
        controller.destroyForcibly().onExit().join();
    }

    /** Waits until the nodes of all hosts are READY. */
    void awaitReady() {
        hosts.forEach(this::awaitReady);
    }

    /** Waits until a host's node is READY. */
    void awaitReady(NetworkHost host) {
        await().atMost(START).ignoreExceptions().until(() -> ready(host));
    }

    /** In touch, and its switch known. */
    private boolean ready(NetworkHost host) {
        return nodes().stream()
                        .filter(node -> node.getHostname().equals(host.name))
                        .anyMatch(node -> node.getStatus() == NodeStatus.NODE_STATUS_READY)
                && network()
                        .listVTEPs(ListVTEPsRequest.getDefaultInstance())
                        .getVtepsList()
                        .stream()
                        .anyMatch(vtep -> vtep.getIp().equals(host.ip));
    }

    private List<Node> nodes() {
        return ClusterServiceGrpc.newBlockingStub(channel)
                .listNodes(ListNodesRequest.getDefaultInstance())
                .getNodesList();
    }

    /** The id of a host's node. */
    String nodeId(NetworkHost host) {
        return nodes().stream()
                .filter(node -> node.getHostname().equals(host.name))
                .map(Node::getId)
                .findFirst()
                .orElseThrow();
    }

    NetworkServiceGrpc.NetworkServiceBlockingStub network() {
        return NetworkServiceGrpc.newBlockingStub(channel);
    }

    ManagedChannel channel() {
        return channel;
    }

    /** One more host, which its maker starts and closes. */
    NetworkHost host(int number) {
        return new NetworkHost(fabric, number, data, address);
    }

    Path data() {
        return data;
    }

    @Override
    public void close() throws IOException {
        channel.shutdownNow();
        hosts.forEach(NetworkHost::close);
        killController();
        fabric.close();
        Leftovers.delete(data);
    }
}
