package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Node;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

class CallMemoryTest {
    private static final int KIB = 1024;
    private static final int ROOM = 1000 * KIB;

    private final List<String> refused = new ArrayList<>();
    private final CallMemory memory = new CallMemory(ROOM);

    private CallMemory.Part part(String name, int more) {
        CallMemory.Part part = memory.open(KIB, () -> refused.add(name));
        part.take(more);
        return part;
    }

    @Test
    void theLargestMakesRoomForOthers() {
        part("large", 300 * KIB);
        part("larger", 600 * KIB);
        part("small", 97 * KIB);
        assertThat(refused).isEmpty();
        part("tiny", KIB);
        assertThat(refused).containsExactly("larger");
        assertThat(memory.held()).isEqualTo((4 - 1 + 300 + 97 + 1) * KIB);
    }

    @Test
    void whatIsGivenBackIsRoomAgain() {
        CallMemory.Part part = part("part", 900 * KIB);
        assertThat(part.release()).isTrue();
        assertThat(part.release()).isFalse();
        part.take(KIB);
        part("next", 900 * KIB);
        assertThat(refused).isEmpty();
        assertThat(memory.held()).isEqualTo(901 * KIB);
    }

    @Test
    void aMessageThatIsDoneIsRoomAgainAndTheNextIsNot() {
        CallMemory.Part stream = part("stream", 0);
        stream.begin();
        stream.take(300 * KIB);
        stream.begin();
        stream.take(200 * KIB);
        assertThat(memory.held()).isEqualTo(501 * KIB);
        stream.done();
        assertThat(memory.held()).isEqualTo(201 * KIB);
        stream.done();
        assertThat(memory.held()).isEqualTo(KIB);
    }

    @Test
    void whatIsKeptIsNotRefusedForOthers() {
        assertThat(part("kept", 900 * KIB).keep()).isTrue();
        CallMemory.Part late = part("late", 100 * KIB);
        assertThat(refused).containsExactly("late");
        assertThat(late.keep()).isFalse();
        for (int i = 0; i < 200; i++) {
            part("many", 0);
        }
        assertThat(refused).contains("many");
        assertThat(memory.held()).isLessThanOrEqualTo(ROOM);
    }

    /** A server with so much room, and what its services saw. */
    private static final class Scene implements AutoCloseable {
        final CallMemory memory;
        final CompletableFuture<Boolean> consoleEnded = new CompletableFuture<>();
        final TestServer server;

        Scene(int room) {
            memory = new CallMemory(room);
            server = new TestServer(memory, new Nodes(), new Consoles());
        }

        long held() {
            return memory.held();
        }

        Node node() {
            return ClusterServiceGrpc.newBlockingStub(server.channel())
                    .getNode(GetNodeRequest.getDefaultInstance());
        }

        @Override
        public void close() {
            server.close();
        }

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
                ((ServerCallStreamObserver<ConsoleOutput>) out)
                        .setOnCancelHandler(() -> consoleEnded.complete(true));
                return new StreamObserver<>() {
                    @Override
                    public void onNext(ConsoleInput input) {}

                    @Override
                    public void onError(Throwable cause) {}

                    @Override
                    public void onCompleted() {}
                };
            }
        }
    }

    @Test
    void requestsThatNeverEndTakeNoMoreThanTheRoom() throws IOException {
        String method = ComputeServiceGrpc.getAttachConsoleMethod().getFullMethodName();
        try (Scene scene = new Scene(ROOM)) {
            try (RawHttp2 hostile = new RawHttp2(scene.server.server().port())) {
                for (int i = 0; i < 20; i++) {
                    hostile.begin(hostile.call(method), 4_000 * KIB, 200 * KIB);
                }
                var _ = hostile.await(frame -> frame.ends(frame.stream()));
                await().until(scene.consoleEnded::isDone);
                await().until(() -> scene.held() <= ROOM);
                assertThat(scene.node()).isEqualTo(Node.getDefaultInstance());
            }
            scene.server.channel().shutdownNow();
            await().until(() -> scene.held() == 0);
        }
    }

    @Test
    void aConnectionWithoutRoomIsClosed() {
        try (Scene scene = new Scene(CallMemory.CONNECTION - 1)) {
            assertThatThrownBy(scene::node)
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageStartingWith("UNAVAILABLE");
        }
    }

    @Test
    void aCallWithoutRoomIsRefused() {
        try (Scene scene = new Scene(CallMemory.CONNECTION + CallMemory.CALL - 1)) {
            assertThatThrownBy(scene::node)
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageStartingWith(
                            "RESOURCE_EXHAUSTED: hypervisor.v1.ClusterService/GetNode: no room");
        }
    }
}
