package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Node;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Requests that are not what their method takes, as bytes. */
class RequestGuardTest {
    private static final byte[] NO_TAG = {0, 0, 0};
    private static final byte[] TRUNCATED = {10, 36, 'a'};
    private static final byte[] WRONG_TYPE = {13, 1};
    private static final byte[] NO_UTF8 = {10, 2, (byte) 0xc3, (byte) 0x28};

    private final CompletableFuture<Throwable> consoleEnded = new CompletableFuture<>();
    @AutoClose private final TestServer server = new TestServer(new Nodes(), new Consoles());

    private static final class Nodes extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getNode(GetNodeRequest request, StreamObserver<Node> out) {
            out.onNext(Node.getDefaultInstance());
            out.onCompleted();
        }
    }

    private final class Consoles extends ComputeServiceGrpc.ComputeServiceImplBase {
        @Override
        public StreamObserver<ConsoleInput> attachConsole(StreamObserver<ConsoleOutput> out) {
            // Without a handler, answers after the end would be refused before they are sent.
            ((ServerCallStreamObserver<ConsoleOutput>) out).setOnCancelHandler(() -> {});
            return new StreamObserver<>() {
                @Override
                public void onNext(ConsoleInput input) {
                    out.onNext(ConsoleOutput.newBuilder().setData(input.getData()).build());
                }

                @Override
                public void onError(Throwable cause) {
                    // Too late, and without harm.
                    out.onNext(ConsoleOutput.getDefaultInstance());
                    consoleEnded.complete(cause);
                }

                @Override
                public void onCompleted() {
                    out.onCompleted();
                }
            };
        }
    }

    private Status send(MethodDescriptor<?, ?> method, byte[]... messages) {
        return RawCalls.send(
                        server.channel(),
                        method.getFullMethodName(),
                        new Metadata(),
                        List.of(messages))
                .status();
    }

    @Test
    void bytesThatAreNoMessageAreInvalid() {
        for (byte[] bytes : List.of(NO_TAG, TRUNCATED, WRONG_TYPE, NO_UTF8)) {
            Status status = send(ClusterServiceGrpc.getGetNodeMethod(), bytes);
            assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(status.getDescription())
                    .startsWith("hypervisor.v1.ClusterService/GetNode: message: value: malformed")
                    .doesNotContain("Exception", "\tat ");
        }
    }

    @Test
    void oneRequestIsExactlyOne() {
        Status none = send(ClusterServiceGrpc.getGetNodeMethod());
        assertThat(none.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(none.getDescription()).endsWith("value: none (expected: exactly one)");
        assertThat(send(ClusterServiceGrpc.getGetNodeMethod(), new byte[0]).isOk()).isTrue();
        Status two = send(ClusterServiceGrpc.getGetNodeMethod(), new byte[0], new byte[0]);
        assertThat(two.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(two.getDescription()).contains("a second one");
    }

    @Test
    void healthAndReflectionAreGuardedToo() {
        assertThat(send(HealthGrpc.getCheckMethod(), NO_TAG).getCode())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(send(ServerReflectionGrpc.getServerReflectionInfoMethod(), NO_TAG).getCode())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void aStreamsServiceLearnsThatItIsOver() {
        Status status =
                send(ComputeServiceGrpc.getAttachConsoleMethod(), new byte[0], NO_TAG, new byte[0]);
        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(consoleEnded.join()).isNotNull();
    }

    @Test
    void aMessageThatIsTooLargeSaysSo() {
        Status status = send(ClusterServiceGrpc.getGetNodeMethod(), new byte[5 << 20]);
        assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(status.getDescription()).contains("4194304");
    }

    @Test
    void whatFollowsARefusedMessageHarmsNobodyElse() {
        byte[] tooLarge = new byte[5 * 1024 * 1024];
        for (int i = 0; i < 20; i++) {
            for (var method :
                    List.of(
                            ClusterServiceGrpc.getGetNodeMethod(),
                            ComputeServiceGrpc.getAttachConsoleMethod())) {
                assertThat(send(method, TRUNCATED, tooLarge).getCode())
                        .isIn(Status.Code.INVALID_ARGUMENT, Status.Code.RESOURCE_EXHAUSTED);
            }
        }
    }

    @Test
    void anAnswerWhileAMessageIsRefusedHarmsNobodyElse() {
        byte[] tooLarge = new byte[5 * 1024 * 1024];
        for (int i = 0; i < 50; i++) {
            assertThat(send(ComputeServiceGrpc.getAttachConsoleMethod(), tooLarge).getCode())
                    .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(send(ClusterServiceGrpc.getGetNodeMethod(), new byte[0]).isOk()).isTrue();
        }
    }
}
