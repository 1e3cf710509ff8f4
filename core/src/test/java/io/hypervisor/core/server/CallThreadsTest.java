package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Empty;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Set;

class CallThreadsTest {
    private final Tasks tasks = new VirtualTasks();
    private final GrpcServer server =
            new GrpcServer(
                    new HostPort("127.0.0.1", 0),
                    TlsConfig.none(),
                    tasks,
                    new SimpleMeterRegistry(),
                    List.of(),
                    List.of(new Telling()),
                    Duration.ofSeconds(1));
    private final ManagedChannel channel =
            Grpc.newChannelBuilder(
                            "127.0.0.1:" + server.port(), InsecureChannelCredentials.create())
                    .build();

    /** Tells whether its handlers run on threads that may wait. */
    private static final class Telling extends ClusterServiceGrpc.ClusterServiceImplBase
            implements Prompt {
        @Override
        public Set<MethodDescriptor<?, ?>> prompt() {
            return Set.of(ClusterServiceGrpc.getGetNodeMethod());
        }

        @Override
        public void getNode(GetNodeRequest request, StreamObserver<Node> out) {
            if (request.getNodeId().isEmpty()) {
                throw Fault.invalid("node_id", "", "a UUID");
            }
            out.onNext(Node.newBuilder().setHostname(kind()).build());
            out.onCompleted();
        }

        @Override
        public void getClusterInfo(Empty request, StreamObserver<ClusterInfo> out) {
            out.onNext(ClusterInfo.newBuilder().setClusterName(kind()).build());
            out.onCompleted();
        }

        private static String kind() {
            return Thread.currentThread().isVirtual() ? "its own" : "the connection's";
        }
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
        tasks.close();
    }

    @Test
    void onlyPromptMethodsRunOnTheConnectionsThread() {
        var stub = ClusterServiceGrpc.newBlockingStub(channel);
        assertThat(stub.getNode(GetNodeRequest.newBuilder().setNodeId("n").build()).getHostname())
                .isEqualTo("the connection's");
        assertThat(stub.getClusterInfo(Empty.getDefaultInstance()).getClusterName())
                .isEqualTo("its own");
    }

    @Test
    void whatAPromptMethodThrowsBecomesItsStatus() {
        var stub = ClusterServiceGrpc.newBlockingStub(channel);
        assertThat(
                        catchThrowableOfType(
                                        StatusRuntimeException.class,
                                        () -> stub.getNode(GetNodeRequest.getDefaultInstance()))
                                .getStatus()
                                .getCode())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
}
