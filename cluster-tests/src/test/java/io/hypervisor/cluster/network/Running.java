package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc.ComputeServiceBlockingStub;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.api.v1.RestartInstanceRequest;

import java.time.Duration;

/** A real instance, gone when closed. */
record Running(NetworkCluster cluster, Instance instance) implements AutoCloseable {
    private static final Duration BOOT = Duration.ofSeconds(60);

    static Running create(
            NetworkCluster cluster, NetworkHost host, CreateInstanceRequest.Builder request) {
        return new Running(
                cluster,
                api(cluster)
                        .createInstance(request.setPreferredNodeId(cluster.nodeId(host)).build()));
    }

    private static ComputeServiceBlockingStub api(NetworkCluster cluster) {
        return ComputeServiceGrpc.newBlockingStub(cluster.channel());
    }

    /** Waits until it has written this. */
    void awaitOutput(String text) {
        await().atMost(BOOT).ignoreExceptions().until(() -> output().contains(text));
    }

    private String output() {
        StringBuilder text = new StringBuilder();
        api(cluster)
                .getInstanceLogs(
                        GetInstanceLogsRequest.newBuilder().setInstanceId(instance.getId()).build())
                .forEachRemaining(chunk -> text.append(chunk.getData().toStringUtf8()));
        return text.toString();
    }

    /** The address at which others outside reach it. */
    String publicAddress() {
        return cluster
                .network()
                .listFloatingIPs(ListFloatingIPsRequest.getDefaultInstance())
                .getFloatingIpsList()
                .stream()
                .filter(floating -> floating.getFixedIp().equals(instance.getIpAddress()))
                .map(FloatingIP::getFloatingIp)
                .findFirst()
                .orElseThrow();
    }

    /** Ends its run, as the guest likes to end it, and begins the next one. */
    void restart() {
        var _ =
                api(cluster)
                        .restartInstance(
                                RestartInstanceRequest.newBuilder()
                                        .setInstanceId(instance.getId())
                                        .build());
    }

    /** Types into its console. */
    void type(String text) {
        StreamObserver<ConsoleInput> console =
                ComputeServiceGrpc.newStub(cluster.channel()).attachConsole(new Ignoring());
        console.onNext(
                ConsoleInput.newBuilder()
                        .setInstanceId(instance.getId())
                        .setData(ByteString.copyFrom(text, UTF_8))
                        .build());
    }

    /** What the console shows is in its log, too. */
    private static final class Ignoring implements StreamObserver<ConsoleOutput> {
        @Override
        public void onNext(ConsoleOutput output) {}

        @Override
        public void onError(Throwable error) {}

        @Override
        public void onCompleted() {}
    }

    @Override
    public void close() {
        String id = instance.getId();
        var _ =
                api(cluster)
                        .deleteInstance(
                                DeleteInstanceRequest.newBuilder()
                                        .setInstanceId(id)
                                        .setForce(true)
                                        .build());
        await().atMost(BOOT).until(() -> isGone(id));
    }

    private boolean isGone(String id) {
        try {
            var _ =
                    api(cluster)
                            .getInstance(GetInstanceRequest.newBuilder().setInstanceId(id).build());
            return false;
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode() == Status.Code.NOT_FOUND;
        }
    }
}
