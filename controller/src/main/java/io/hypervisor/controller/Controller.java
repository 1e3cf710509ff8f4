package io.hypervisor.controller;

import io.hypervisor.controller.edge.HttpDoor;
import io.hypervisor.controller.feed.AgentChannels;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.CallMemory;
import io.hypervisor.core.server.GrpcServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;

/** One controller replica with its doors: gRPC and HTTP. */
public final class Controller implements AutoCloseable {
    private final AgentChannels channels;
    private final ControllerCore core;
    private final GrpcServer grpc;
    private final HttpDoor http;

    /**
     * Starts a replica over a store; returns when it serves.
     *
     * @param random for ids; cryptographic
     */
    public Controller(
            ControllerConfig config,
            Store store,
            Clock clock,
            RandomGenerator random,
            Tasks tasks,
            PrometheusMeterRegistry metrics) {
        channels = new AgentChannels(config.tls(), tasks);
        core = new ControllerCore(config, store, clock, random, tasks, metrics, channels::to);
        CallMemory memory = CallMemory.halfOfHeap(metrics);
        // Beside the gRPC door, on another core: setting both up is most of the start.
        CompletableFuture<HttpDoor> opening =
                CompletableFuture.supplyAsync(
                        () ->
                                new HttpDoor(
                                        config.httpAddr(),
                                        tasks,
                                        metrics,
                                        memory,
                                        core.interceptors(),
                                        core.publicServices(),
                                        core::unready,
                                        config.shutdownGrace()),
                        tasks.concurrent("http-door"));
        grpc =
                new GrpcServer(
                        config.grpcAddr(),
                        config.tls(),
                        tasks,
                        metrics,
                        core.interceptors(),
                        core.services(),
                        config.shutdownGrace(),
                        memory);
        http = opened(opening);
    }

    private static HttpDoor opened(CompletableFuture<HttpDoor> opening) {
        try {
            return opening.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** Why this replica cannot serve yet; empty when it can. */
    public Optional<String> unready() {
        return core.unready();
    }

    /** Whether this replica leads. */
    public boolean leading() {
        return core.leading();
    }

    /** The gRPC port that is bound. */
    public int grpcPort() {
        return grpc.port();
    }

    /** The HTTP port that is bound. */
    public int httpPort() {
        return http.port();
    }

    /** Ends watches, lets running calls finish, and gives leadership up. */
    @Override
    public void close() {
        grpc.serving(false);
        core.endWatches();
        http.close();
        grpc.close();
        core.close();
        channels.close();
    }
}
