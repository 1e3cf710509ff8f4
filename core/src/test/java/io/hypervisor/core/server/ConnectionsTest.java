package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.server.RawHttp2.Frame;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

class ConnectionsTest {
    private static final String GET_NODE =
            ClusterServiceGrpc.getGetNodeMethod().getFullMethodName();
    private static final int NO_ERROR = 0;

    private final Tasks tasks = new VirtualTasks();
    private GrpcServer server;
    private RawHttp2 client;

    @BeforeEach
    void start() throws IOException {
        server =
                new GrpcServer(
                        new HostPort("127.0.0.1", 0),
                        TlsConfig.none(),
                        tasks,
                        new SimpleMeterRegistry(),
                        List.of(),
                        List.of(new ClusterServiceGrpc.ClusterServiceImplBase() {}),
                        Duration.ofSeconds(1));
        client = new RawHttp2(server.port());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
        tasks.close();
    }

    @Test
    void aMessageThatIsTooLargeIsAnsweredAndNotWaitedFor() throws IOException {
        int stream = client.call(GET_NODE);
        client.begin(stream, 5 << 20, 1000);
        isReset(client.await(frame -> frame.ends(stream)).stream());
    }

    @Test
    void soIsACallOfNoMethod() throws IOException {
        int stream = client.call("hypervisor.v1.Nothing/Get");
        client.begin(stream, 3 << 20, 1000);
        isReset(client.await(frame -> frame.ends(stream)).stream());
        // The connection stands.
        int other = client.call(GET_NODE);
        client.begin(other, 5 << 20, 1000);
        isReset(client.await(frame -> frame.ends(other)).stream());
    }

    @Test
    void whoSendsRubbishFillsNoLog() throws IOException {
        List<String> logged = new CopyOnWriteArrayList<>();
        Handler handler = new Records(logged);
        Logger root = Logger.getLogger("");
        root.addHandler(handler);
        try {
            int stream = client.call(GET_NODE);
            client.begin(stream, -1, 10);
            isReset(client.await(frame -> frame.ends(stream)).stream());
        } finally {
            root.removeHandler(handler);
        }
        assertThat(logged).isEmpty();
    }

    private static final class Records extends Handler {
        private final List<String> logged;

        Records(List<String> logged) {
            this.logged = logged;
        }

        @Override
        public void publish(LogRecord record) {
            if (record.getLoggerName().startsWith("io.grpc.netty.NettyServer")) {
                logged.add(record.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    /** The stream's next frame, and its last, says so. */
    private void isReset(int stream) throws IOException {
        Frame frame = client.await(any -> any.stream() == stream);
        assertThat(frame.type()).isEqualTo(RawHttp2.RST_STREAM);
        assertThat(frame.payload().getInt()).isEqualTo(NO_ERROR);
    }
}
