package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;

import io.grpc.Channel;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
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
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class GrpcServerTest {
    private final Tasks tasks = new VirtualTasks();
    private GrpcServer server;
    private ManagedChannel channel;

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

    @BeforeEach
    void start() {
        server =
                new GrpcServer(
                        new HostPort("127.0.0.1", 0),
                        TlsConfig.none(),
                        tasks,
                        new SimpleMeterRegistry(),
                        List.of(),
                        List.of(new Failing()),
                        Duration.ofSeconds(1));
        channel =
                Grpc.newChannelBuilder(
                                "127.0.0.1:" + server.port(), InsecureChannelCredentials.create())
                        .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
        tasks.close();
    }

    @Test
    void aFaultBecomesItsStatusWithDetails() throws InvalidProtocolBufferException {
        StatusRuntimeException e =
                catchThrowableOfType(
                        StatusRuntimeException.class,
                        () ->
                                stub(channel)
                                        .getNode(
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
                        () -> stub(channel).getClusterInfo(Empty.getDefaultInstance()));
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
        assertThat(e.getStatus().getDescription())
                .matches("internal error, incident [0-9a-f]+")
                .doesNotContain("secret");
    }

    @Test
    void healthAnswersAsTold() {
        HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
        HealthCheckRequest cluster =
                HealthCheckRequest.newBuilder().setService("hypervisor.v1.ClusterService").build();
        assertThat(health.check(cluster).getStatus()).isEqualTo(ServingStatus.SERVING);
        server.serving(false);
        assertThat(health.check(cluster).getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
        assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
                .isEqualTo(ServingStatus.NOT_SERVING);
    }

    @Test
    void reflectionListsTheService() {
        assertThat(Described.services(channel))
                .contains(
                        "hypervisor.v1.ClusterService", "grpc.reflection.v1alpha.ServerReflection");
    }

    private static ClusterServiceGrpc.ClusterServiceBlockingStub stub(Channel channel) {
        return ClusterServiceGrpc.newBlockingStub(channel);
    }
}
