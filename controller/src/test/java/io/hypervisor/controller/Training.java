package io.hypervisor.controller;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeLinkServiceGrpc;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.WatchInstanceRequest;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs the packaged controller once, while Java records which classes it needs and which methods
 * are hot: with that record it later starts in a fraction of the time.
 */
final class Training {
    // Enough calls for Java to see what is hot.
    private static final int ROUNDS = 300;
    private static final long PATIENCE_SECONDS = 120;

    private Training() {}

    /** Takes the module's folder. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path module = Path.of(args[0]);
        Path cache = module.resolve("target/controller.aot");
        Path data = Files.createTempDirectory("controller-training");
        Files.deleteIfExists(cache);
        int grpc = FreePort.next();
        int http = FreePort.next();
        ProcessBuilder builder =
                new ProcessBuilder(
                        module.resolveSibling("deploy/process").toString(),
                        "controller",
                        "--config=" + module.resolveSibling("deploy/config/controller.yaml"),
                        "--data-dir=" + data,
                        "--grpc-addr=127.0.0.1:" + grpc,
                        "--http-addr=127.0.0.1:" + http);
        builder.environment().put("JAVA", System.getProperty("java.home") + "/bin/java");
        builder.environment().put("JAVA_OPTS", "-XX:AOTCacheOutput=" + cache + " -Xlog:aot=error");
        Path log = data.resolve("log");
        Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            exercise(grpc);
            browse(http);
            process.destroy();
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } finally {
            process.destroyForcibly();
        }
        boolean trained = Files.isRegularFile(cache);
        if (!trained) {
            System.err.println("the controller cannot be trained: " + Files.readString(log));
        }
        delete(data);
        System.exit(trained ? 0 : 1);
    }

    /** A node, instances, lists and a watch. */
    private static void exercise(int port) {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        try {
            var cluster =
                    ClusterServiceGrpc.newBlockingStub(channel)
                            .withWaitForReady()
                            .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
            var compute =
                    ComputeServiceGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
            StreamObserver<NodeMessage> node = connect(channel, register(cluster));
            var events = compute.watchInstance(WatchInstanceRequest.getDefaultInstance());
            for (int i = 0; i < ROUNDS; i++) {
                String id = compute.createInstance(create(i)).getId();
                compute.getInstance(GetInstanceRequest.newBuilder().setInstanceId(id).build());
                compute.listInstances(ListInstancesRequest.newBuilder().setPageSize(10).build());
                events.next();
            }
            cluster.listNodes(ListNodesRequest.getDefaultInstance());
            node.onCompleted();
        } finally {
            channel.shutdownNow();
        }
    }

    // The controller answers before it leads, and then refuses.
    private static String register(ClusterServiceGrpc.ClusterServiceBlockingStub cluster) {
        RegisterNodeRequest request =
                RegisterNodeRequest.newBuilder()
                        .setHostname("node-1")
                        .setIp("127.0.0.1")
                        .setPort(50052)
                        .setRole(NodeRole.NODE_ROLE_WORKER)
                        .setCapacity(
                                Resources.newBuilder()
                                        .setCpuCores(1_000)
                                        .setMemoryBytes(1L << 40)
                                        .setDiskBytes(1L << 40))
                        .addSupportedInstanceTypes("container")
                        .build();
        while (true) {
            try {
                return cluster.registerNode(request).getNodeId();
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
                    throw e;
                }
            }
        }
    }

    private static StreamObserver<NodeMessage> connect(ManagedChannel channel, String id) {
        StreamObserver<NodeMessage> node =
                NodeLinkServiceGrpc.newStub(channel).connect(new Ignoring<>());
        node.onNext(
                NodeMessage.newBuilder().setHello(NodeHello.newBuilder().setNodeId(id)).build());
        node.onNext(
                NodeMessage.newBuilder().setReport(NodeReport.newBuilder().setFull(true)).build());
        return node;
    }

    private static CreateInstanceRequest create(int number) {
        return CreateInstanceRequest.newBuilder()
                .setName("training-" + number)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(
                        InstanceSpec.newBuilder()
                                .setImage("busybox")
                                .setCpuCores(1)
                                .setMemoryBytes(16 << 20))
                .setQueue(true)
                .build();
    }

    private static void browse(int port) throws IOException, InterruptedException {
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            for (String path : List.of("/ready", "/metrics", "/v1/instances", "/v1/nodes")) {
                URI uri = URI.create("http://127.0.0.1:" + port + path);
                client.send(
                        HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static final class Ignoring<T> implements StreamObserver<T> {
        @Override
        public void onNext(T value) {}

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {}
    }
}
