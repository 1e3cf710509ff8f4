package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.RegisterNodeResponse;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.server.CallMemory;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.RawHttp2;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What connections and requests over HTTP may hold together. */
final class HttpRoomTest {
    private static final int KIB = 1024;
    private static final int ROOM = 4000 * KIB;

    private static final VirtualTasks TASKS = new VirtualTasks();
    private static final CallMemory MEMORY = new CallMemory(ROOM);
    private static final HttpDoor DOOR =
            new HttpDoor(
                    new HostPort("127.0.0.1", 0),
                    TASKS,
                    new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                    MEMORY,
                    List.of(),
                    List.of(new Nodes()),
                    Optional::empty,
                    Duration.ZERO);

    private final List<Socket> sockets = new ArrayList<>();

    private static final class Nodes extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getNode(GetNodeRequest request, StreamObserver<Node> out) {
            out.onNext(Node.newBuilder().setHostname("here").build());
            out.onCompleted();
        }

        @Override
        public void registerNode(
                RegisterNodeRequest request, StreamObserver<RegisterNodeResponse> out) {
            out.onNext(RegisterNodeResponse.getDefaultInstance());
            out.onCompleted();
        }
    }

    @AfterEach
    void nothingIsHeld() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        await().until(() -> MEMORY.held() == 0);
    }

    @AfterAll
    static void stop() {
        DOOR.close();
        TASKS.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), DOOR.port());
        socket.setSoTimeout(20_000);
        sockets.add(socket);
        return socket;
    }

    private Socket send(String text) throws IOException {
        Socket socket = connect();
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static String post(String header) {
        return "POST /v1/nodes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                + header
                + "\r\n\r\n";
    }

    /** What is answered, up to such a text. */
    private static String answer(Socket socket, String until) throws IOException {
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf(until) < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                return answer.toString();
            }
            answer.append((char) next);
        }
        return answer.toString();
    }

    private void othersAreServed() throws IOException {
        Socket other = send("GET /v1/nodes/x HTTP/1.1\r\nhost: x\r\n\r\n");
        assertThat(answer(other, "\"here\"")).startsWith("HTTP/1.1 200");
    }

    @Test
    void requestsThatNeverEndTakeNoMoreThanTheRoom() throws IOException {
        for (int i = 0; i < 10; i++) {
            var _ = send(post("content-length: 3000000") + " ".repeat(300 * KIB));
        }
        await().until(() -> MEMORY.held() > 10 * 300 * KIB);
        Socket largest = send(post("content-length: 3000000") + " ".repeat(700 * KIB));
        for (int i = 0; i < 3; i++) {
            var _ = send(post("content-length: 3000000") + " ".repeat(300 * KIB));
        }
        assertThat(answer(largest, "try again"))
                .startsWith("HTTP/1.1 429")
                .contains("\"code\": 8", "POST /v1/nodes: no room", "expected: fewer or smaller");
        await().until(() -> MEMORY.held() <= ROOM);
        othersAreServed();
    }

    @Test
    void piecesOfOneByteCountAsWhatTheyCost() throws IOException {
        String trickle = "1;" + "x".repeat(1000) + "\r\n \r\n";
        var _ = send(post("transfer-encoding: chunked") + trickle.repeat(5_000));
        await().until(() -> MEMORY.held() > 5_000 * 100);
    }

    @Test
    void requestsOfOneConnectionThatNeverEndTakeNoMoreThanTheRoom() throws IOException {
        String method = ClusterServiceGrpc.getRegisterNodeMethod().getFullMethodName();
        try (RawHttp2 hostile = new RawHttp2(DOOR.port())) {
            for (int i = 0; i < 20; i++) {
                hostile.begin(hostile.call(method), 3_000 * KIB, 300 * KIB);
            }
            var _ = hostile.await(frame -> frame.ends(frame.stream()));
            await().until(() -> MEMORY.held() <= ROOM);
            othersAreServed();
        }
    }

    @Test
    void aRequestThatIsThereNeedsRoomToBeRead() throws IOException {
        String body = "{\"hostname\": \"" + "x".repeat(60 * KIB) + "\"}";
        Socket fits = send(post("content-length: " + body.length()) + body);
        assertThat(answer(fits, "}")).startsWith("HTTP/1.1 200");
        String larger = "{\"hostname\": \"" + "x".repeat(100 * KIB) + "\"}";
        Socket refused = send(post("content-length: " + larger.length()) + larger);
        assertThat(answer(refused, "try again")).startsWith("HTTP/1.1 429");
    }

    @Test
    void aConnectionWithoutRoomIsClosed() throws IOException {
        CallMemory.Part others = MEMORY.open(ROOM - 1, () -> {});
        assertThat(others.keep()).isTrue();
        assertThat(connect().getInputStream().read()).isNegative();
        assertThat(others.release()).isTrue();
        othersAreServed();
    }
}
