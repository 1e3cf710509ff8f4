package io.hypervisor.bench;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.ControllerMessage;
import io.hypervisor.api.internal.v1.NodeAck;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeLinkServiceGrpc;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.Resources;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A node with room for everything that acknowledges everything and runs nothing. */
final class PaperNode implements AutoCloseable {
    private static final Duration HEARTBEAT = Duration.ofSeconds(2);

    private final ScheduledExecutorService heart =
            Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().factory());
    private final StreamObserver<NodeMessage> out;

    /** Registers and connects. */
    PaperNode(ManagedChannel channel, String hostname) {
        String id = register(channel, hostname);
        out = NodeLinkServiceGrpc.newStub(channel).connect(new Acknowledging());
        send(NodeMessage.newBuilder().setHello(NodeHello.newBuilder().setNodeId(id)).build());
        send(report(true));
        var _ =
                heart.scheduleAtFixedRate(
                        () -> send(report(false)),
                        HEARTBEAT.toMillis(),
                        HEARTBEAT.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    private static String register(ManagedChannel channel, String hostname) {
        RegisterNodeRequest request =
                RegisterNodeRequest.newBuilder()
                        .setHostname(hostname)
                        .setIp("127.0.0.1")
                        .setPort(1)
                        .setRole(NodeRole.NODE_ROLE_WORKER)
                        .setCapacity(
                                Resources.newBuilder()
                                        .setCpuCores(65_536)
                                        .setMemoryBytes(1L << 44)
                                        .setDiskBytes(1L << 44))
                        .addSupportedInstanceTypes("container")
                        .build();
        return ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .registerNode(request)
                .getNodeId();
    }

    private static NodeMessage report(boolean full) {
        return NodeMessage.newBuilder().setReport(NodeReport.newBuilder().setFull(full)).build();
    }

    private synchronized void send(NodeMessage message) {
        try {
            out.onNext(message);
        } catch (IllegalStateException | StatusRuntimeException e) {
            // The stream has ended; so does whoever measures.
            heart.shutdown();
        }
    }

    @Override
    public void close() {
        heart.shutdownNow();
        synchronized (this) {
            out.onCompleted();
        }
    }

    private final class Acknowledging implements StreamObserver<ControllerMessage> {
        @Override
        public void onNext(ControllerMessage message) {
            switch (message.getMessageCase()) {
                case DOCUMENT ->
                        ack(message.getDocument().getTerm(), message.getDocument().getRevision());
                case DELTA -> ack(message.getDelta().getTerm(), message.getDelta().getRevision());
                case WELCOME, MESSAGE_NOT_SET -> {}
            }
        }

        private void ack(long term, long revision) {
            send(
                    NodeMessage.newBuilder()
                            .setAck(NodeAck.newBuilder().setTerm(term).setRevision(revision))
                            .build());
        }

        @Override
        public void onError(Throwable cause) {
            heart.shutdown();
        }

        @Override
        public void onCompleted() {
            heart.shutdown();
        }
    }
}
