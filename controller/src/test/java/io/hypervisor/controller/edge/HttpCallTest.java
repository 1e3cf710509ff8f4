package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;

import io.grpc.ServerInterceptors;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.WatchNodesRequest;
import io.hypervisor.core.Fault;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.server.CallMemory;
import io.hypervisor.core.server.FaultInterceptor;
import io.netty.channel.ChannelOption;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/** How a stream keeps up with its reader, and how it ends. */
final class HttpCallTest {
    private static final String PADDING = "x".repeat(4000);
    // More than sockets keep when they are told to keep little.
    private static final int MANY = 1_000;
    private static final int LITTLE = 64 * 1024;
    private static final Pattern REVISION = Pattern.compile("\"revision\":\"(\\d+)\"");

    private static final VirtualTasks TASKS = new VirtualTasks();
    private static final Counting SERVICE = new Counting();
    private static Server server;

    /** Counts up to MANY, as fast as it is read; or fails at a number that the request names. */
    private static final class Counting extends ClusterServiceGrpc.ClusterServiceImplBase {
        final AtomicInteger open = new AtomicInteger();
        final AtomicInteger sent = new AtomicInteger();
        final AtomicBoolean waited = new AtomicBoolean();

        @Override
        public void watchNodes(WatchNodesRequest request, StreamObserver<NodeEvent> observer) {
            var caller = (ServerCallStreamObserver<NodeEvent>) observer;
            int most = (int) request.getResumeRevision();
            open.incrementAndGet();
            sent.set(0);
            waited.set(false);
            caller.setOnReadyHandler(() -> send(caller, most));
            caller.setOnCancelHandler(open::decrementAndGet);
            caller.setOnCloseHandler(open::decrementAndGet);
        }

        private void send(ServerCallStreamObserver<NodeEvent> caller, int most) {
            while (sent.get() < most && caller.isReady()) {
                caller.onNext(
                        NodeEvent.newBuilder()
                                .setRevision(sent.incrementAndGet())
                                .setNode(Node.newBuilder().setHostname(PADDING))
                                .build());
            }
            if (sent.get() < most) {
                waited.set(true);
            } else if (most == MANY) {
                caller.onCompleted();
            } else {
                throw Fault.of(Fault.Kind.OUT_OF_RANGE, "TOO_FAR", "it is " + most);
            }
        }
    }

    @BeforeAll
    static void start() {
        ServerBuilder builder =
                Server.builder()
                        .http(0)
                        .requestTimeoutMillis(0)
                        .childChannelOption(ChannelOption.SO_SNDBUF, LITTLE);
        HttpMethods.register(
                List.of(
                        ServerInterceptors.intercept(
                                SERVICE, new FaultInterceptor(), new OnVirtualThreads(TASKS))),
                (route, service) ->
                        builder.service(route, new HttpRoom(service, new CallMemory(1 << 20))));
        server = builder.build();
        server.start().join();
    }

    @AfterAll
    static void stop() {
        server.stop().join();
        TASKS.close();
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    private static void ask(Socket socket, int most) throws IOException {
        String request =
                "GET /v1/nodes:watch?resume_revision=" + most + " HTTP/1.1\r\nhost: x\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    }

    /** A reader that reads when it is told to. */
    private static final class Reader implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;

        Reader(int most) throws IOException {
            socket = new Socket();
            socket.setReceiveBufferSize(LITTLE);
            socket.connect(
                    new InetSocketAddress(
                            InetAddress.getLoopbackAddress(), server.activeLocalPort()));
            ask(socket, most);
            in = reader(socket);
        }

        /** The next line that is neither a header nor a chunk's length. */
        String line() throws IOException {
            String line = in.readLine();
            while (!line.startsWith("{")) {
                line = in.readLine();
            }
            return line;
        }

        String status() throws IOException {
            return in.readLine();
        }

        @Override
        public void close() throws IOException {
            socket.close();
            await().until(() -> SERVICE.open.get() == 0);
        }
    }

    @Test
    void aReaderThatStallsHoldsTheServiceUp() throws IOException {
        try (Reader reader = new Reader(MANY)) {
            assertThat(reader.status()).isEqualTo("HTTP/1.1 200 OK");
            await().until(() -> SERVICE.waited.get() && SERVICE.sent.get() > 1);
        }
        assertThat(SERVICE.sent.get()).isLessThan(MANY);
    }

    @Test
    void aReaderThatStalledGetsEverythingInOrder() throws IOException {
        try (Reader reader = new Reader(MANY)) {
            await().until(SERVICE.waited::get);
            for (int i = 1; i <= MANY; i++) {
                assertThat(REVISION.matcher(reader.line()).results().map(r -> r.group(1)))
                        .containsExactly(String.valueOf(i));
            }
        }
    }

    @Test
    void anErrorAfterTheFirstLineIsALineToo() throws IOException {
        try (Reader reader = new Reader(1)) {
            assertThat(reader.status()).isEqualTo("HTTP/1.1 200 OK");
            assertThat(reader.line()).startsWith("{\"result\":{").endsWith("}}");
            assertThat(reader.line())
                    .startsWith("{\"error\":{\"code\":11,\"message\":\"it is 1\",\"details\":[")
                    .contains("\"reason\":\"TOO_FAR\"")
                    .endsWith("}]}}");
        }
        try (Reader reader = new Reader(0)) {
            assertThat(reader.status()).isEqualTo("HTTP/1.1 400 Bad Request");
        }
    }
}
