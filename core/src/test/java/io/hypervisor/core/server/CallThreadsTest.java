package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Empty;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.util.Set;

class CallThreadsTest {
    @AutoClose private final TestServer server = new TestServer(new Telling());

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

    @Test
    void onlyPromptMethodsRunOnTheConnectionsThread() {
        var stub = ClusterServiceGrpc.newBlockingStub(server.channel());
        assertThat(stub.getNode(GetNodeRequest.newBuilder().setNodeId("n").build()).getHostname())
                .isEqualTo("the connection's");
        assertThat(stub.getClusterInfo(Empty.getDefaultInstance()).getClusterName())
                .isEqualTo("its own");
    }

    @Test
    void whatAPromptMethodThrowsBecomesItsStatus() {
        var stub = ClusterServiceGrpc.newBlockingStub(server.channel());
        assertThat(
                        catchThrowableOfType(
                                        StatusRuntimeException.class,
                                        () -> stub.getNode(GetNodeRequest.getDefaultInstance()))
                                .getStatus()
                                .getCode())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
}
