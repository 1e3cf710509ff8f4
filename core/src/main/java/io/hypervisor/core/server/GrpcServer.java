package io.hypervisor.core.server;

import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.hypervisor.core.Tasks;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.grpc.MetricCollectingServerInterceptor;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A gRPC server with health, reflection (v1 and v1alpha), metrics and the fault mapping. Handlers
 * run on virtual threads and may block; those of {@link Prompt} methods run on the connection's own
 * thread and must not.
 */
public final class GrpcServer implements AutoCloseable {
    // Larger than any valid request, small enough that a thousand of them fit into memory.
    private static final int MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
    private static final int MAX_HEADER_BYTES = 16 * 1024;
    // A client may ask for that many streams on one connection; more wait in the client.
    private static final int MAX_CALLS_PER_CONNECTION = 10_000;

    // Requests that cannot be read are their sender's affair, not twenty lines of a log each. Held
    // here, for loggers that nobody holds forget their level.
    private static final List<Logger> QUIET =
            List.of(
                    Logger.getLogger("io.grpc.netty.NettyServerHandler"),
                    Logger.getLogger("io.grpc.netty.NettyServerStream"));

    static {
        QUIET.forEach(logger -> logger.setLevel(Level.SEVERE));
    }

    private final HealthStatusManager health = new HealthStatusManager();
    private final Server server;
    private final Duration grace;

    /**
     * Starts a server.
     *
     * @param address "host:port"; port 0 picks a free one
     * @param grace how long {@link #close} lets running calls finish
     * @throws java.io.UncheckedIOException if the address cannot be bound; the message names it
     */
    public GrpcServer(
            HostPort address,
            TlsConfig tls,
            Tasks tasks,
            MeterRegistry metrics,
            List<ServerInterceptor> interceptors,
            List<? extends BindableService> services,
            Duration grace) {
        this(
                address,
                tls,
                tasks,
                metrics,
                interceptors,
                services,
                grace,
                CallMemory.halfOfHeap(metrics));
    }

    /** The same, with what connections and calls may hold, here and at other doors. */
    public GrpcServer(
            HostPort address,
            TlsConfig tls,
            Tasks tasks,
            MeterRegistry metrics,
            List<ServerInterceptor> interceptors,
            List<? extends BindableService> services,
            Duration grace,
            CallMemory memory) {
        this.grace = grace;
        NettyServerBuilder builder =
                NettyServerBuilder.forAddress(
                                new InetSocketAddress(address.host(), address.port()),
                                Connections.watched(credentials(tls), memory))
                        // What comes before a handler, and the handler of a prompt method.
                        .directExecutor()
                        .callExecutor(new CallThreads(services, tasks.concurrent("grpc")))
                        .addStreamTracerFactory(
                                RequestGuard.ends(memory, tasks.concurrent("refusals")))
                        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                        .maxInboundMetadataSize(MAX_HEADER_BYTES)
                        .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
                        .permitKeepAliveTime(5, TimeUnit.SECONDS)
                        .permitKeepAliveWithoutCalls(true)
                        .keepAliveTime(20, TimeUnit.SECONDS)
                        .keepAliveTimeout(10, TimeUnit.SECONDS);
        List<ServerInterceptor> chain = new ArrayList<>(interceptors);
        chain.add(new FaultInterceptor());
        chain.add(new MetricCollectingServerInterceptor(metrics));
        for (BindableService service : services) {
            ServerServiceDefinition definition = service.bindService();
            builder.addService(guarded(definition, chain));
            health.setStatus(definition.getServiceDescriptor().getName(), ServingStatus.SERVING);
        }
        List<BindableService> always =
                List.of(
                        health.getHealthService(),
                        ProtoReflectionServiceV1.newInstance(),
                        reflectionAlpha());
        for (BindableService service : always) {
            builder.addService(guarded(service.bindService(), List.of(new FaultInterceptor())));
        }
        try {
            server = builder.build().start();
        } catch (IOException e) {
            throw Reasons.cannotListen(address, e);
        }
    }

    private static ServerServiceDefinition guarded(
            ServerServiceDefinition service, List<? extends ServerInterceptor> chain) {
        return RequestGuard.guard(ServerInterceptors.intercept(service, chain));
    }

    // Older clients know only this one.
    @SuppressWarnings("deprecation")
    private static BindableService reflectionAlpha() {
        return ProtoReflectionService.newInstance();
    }

    private static ServerCredentials credentials(TlsConfig tls) {
        return tls.certificate().isEmpty() ? InsecureServerCredentials.create() : tls.server();
    }

    /** The port that is bound. */
    public int port() {
        return server.getPort();
    }

    /** Tells the health service what to answer, for all services at once. */
    public void serving(boolean serving) {
        ServingStatus status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
        server.getServices()
                .forEach(s -> health.setStatus(s.getServiceDescriptor().getName(), status));
    }

    /** Accepts no new calls, lets running ones finish within the grace, then ends them. */
    @Override
    public void close() {
        health.enterTerminalState();
        server.shutdown();
        try {
            if (!server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
                server.shutdownNow();
                server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
