package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class GrpcServerTest {
    @AutoClose private final TestServer server = new TestServer(new Failing());

    /** Fails in each of the ways a service can. */
    private static final class Failing extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getNode(GetNodeRequest request, StreamObserver<Node> out) {
            throw Fault.invalid("node_id", request.getNodeId(), "a UUID");
        }

        @Override
        public void getClusterInfo(Empty request, StreamObserver<ClusterInfo> out) {
            out.onError(new IllegalStateException("secret detail"));
        }
    }

    @Test
    void aFaultBecomesItsStatusWithDetails() throws InvalidProtocolBufferException {
        StatusRuntimeException e =
                catchThrowableOfType(
                        StatusRuntimeException.class,
                        () ->
                                stub().getNode(
                                                GetNodeRequest.newBuilder()
                                                        .setNodeId("x\ny")
                                                        .build()));
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(e.getStatus().getDescription())
                .isEqualTo("node_id: value: x\uFFFDy (expected: a UUID)");
        var details = StatusProto.fromThrowable(e).getDetailsList();
        assertThat(details.get(0).unpack(ErrorInfo.class).getReason()).isEqualTo("INVALID_FIELD");
        assertThat(details.get(1).unpack(BadRequest.class).getFieldViolations(0).getField())
                .isEqualTo("node_id");
    }

    @Test
    void aDefectBecomesInternalWithAnIncidentAndNothingElse() {
        StatusRuntimeException e =
                catchThrowableOfType(
                        StatusRuntimeException.class,
                        () -> stub().getClusterInfo(Empty.getDefaultInstance()));
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
        assertThat(e.getStatus().getDescription())
                .matches("internal error, incident [0-9a-f]+")
                .doesNotContain("secret");
    }

    @Test
    void healthAnswersAsTold() {
        HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(server.channel());
        HealthCheckRequest cluster =
                HealthCheckRequest.newBuilder().setService("hypervisor.v1.ClusterService").build();
        assertThat(health.check(cluster).getStatus()).isEqualTo(ServingStatus.SERVING);
        server.server().serving(false);
        assertThat(health.check(cluster).getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
        assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
                .isEqualTo(ServingStatus.NOT_SERVING);
    }

    @Test
    void reflectionListsTheService() {
        assertThat(Described.services(server.channel()))
                .contains(
                        "hypervisor.v1.ClusterService", "grpc.reflection.v1alpha.ServerReflection");
    }

    private ClusterServiceGrpc.ClusterServiceBlockingStub stub() {
        return ClusterServiceGrpc.newBlockingStub(server.channel());
    }
}
