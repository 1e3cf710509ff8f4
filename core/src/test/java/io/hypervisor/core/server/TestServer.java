package io.hypervisor.core.server;

import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import java.time.Duration;
import java.util.List;

/** A server of some services on a free port, and a connection to it. */
public final class TestServer implements AutoCloseable {
    private final Tasks tasks = new VirtualTasks();
    private final GrpcServer server;
    private final ManagedChannel channel;

    /** Begins to serve. */
    public TestServer(BindableService... services) {
        this(CallMemory.halfOfHeap(new SimpleMeterRegistry()), services);
    }

    /** The same, with what connections and calls may hold. */
    TestServer(CallMemory memory, BindableService... services) {
        server =
                new GrpcServer(
                        new HostPort("127.0.0.1", 0),
                        TlsConfig.none(),
                        tasks,
                        new SimpleMeterRegistry(),
                        List.of(),
                        List.of(services),
                        Duration.ofMillis(100),
                        memory);
        channel = Grpc.newChannelBuilder(address(), InsecureChannelCredentials.create()).build();
    }

    /** As clients write it. */
    public String address() {
        return "127.0.0.1:" + server.port();
    }

    GrpcServer server() {
        return server;
    }

    ManagedChannel channel() {
        return channel;
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.close();
        tasks.close();
    }
}
