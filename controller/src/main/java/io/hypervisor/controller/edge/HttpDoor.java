package io.hypervisor.controller.edge;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestContext;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.grpc.GrpcExceptionHandlerFunction;
import com.linecorp.armeria.common.grpc.GrpcSerializationFormats;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.GrpcService;
import com.linecorp.armeria.server.grpc.GrpcServiceBuilder;

import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.CallMemory;
import io.hypervisor.core.server.FaultInterceptor;
import io.hypervisor.core.server.Faults;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.Reasons;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * The services over HTTP: JSON by their google.api.http rules, streams as lines of it, gRPC-Web,
 * and for those who run the process /health, /ready and /metrics.
 */
public final class HttpDoor implements AutoCloseable {
    static final int MAX_REQUEST_BYTES = 4 * 1024 * 1024;
    // As one connection of gRPC.
    private static final int MAX_CALLS_PER_CONNECTION = 10_000;

    // Buffers that the garbage collector frees. Armeria forgets some that held broken requests.
    private static final ByteBufAllocator COLLECTED =
            new UnpooledByteBufAllocator(false, true, false);
    private static final String TIMEOUT = "grpc-timeout";
    private static final Pattern TIMEOUTS = Pattern.compile("[0-9]{1,8}[HMSmun]");
    private static final MediaType METRICS =
            MediaType.parse("text/plain; version=0.0.4; charset=utf-8");

    private final Server server;

    /**
     * Starts a server.
     *
     * @param memory what connections and requests may hold, here and at other doors
     * @param unready why the process cannot serve yet; empty when it can
     * @param grace how long {@link #close} lets running calls finish
     * @throws java.io.UncheckedIOException if the address cannot be bound; the message names it
     */
    public HttpDoor(
            HostPort address,
            Tasks tasks,
            PrometheusMeterRegistry metrics,
            CallMemory memory,
            List<ServerInterceptor> interceptors,
            List<? extends BindableService> services,
            Supplier<Optional<String>> unready,
            Duration grace) {
        List<ServerServiceDefinition> definitions = intercepted(tasks, interceptors, services);
        ServerBuilder builder =
                Server.builder()
                        .http(new InetSocketAddress(address.host(), address.port()))
                        // A watch has no end; every call's own deadline holds.
                        .requestTimeoutMillis(0)
                        .maxRequestLength(MAX_REQUEST_BYTES)
                        .gracefulShutdownTimeout(Duration.ZERO, grace)
                        .disableServerHeader()
                        // Requests that cannot be read are their sender's affair.
                        .unloggedExceptionsReportIntervalMillis(0)
                        .errorHandler(new HttpErrors())
                        .childChannelOption(ChannelOption.ALLOCATOR, COLLECTED)
                        .http2MaxStreamsPerConnection(MAX_CALLS_PER_CONNECTION)
                        .childChannelPipelineCustomizer(
                                pipeline -> {
                                    memory.hold(pipeline.channel());
                                    OneAtATime.install(pipeline);
                                })
                        .service("/health", (ctx, request) -> HttpResponse.of("ok\n"))
                        .service("/ready", (ctx, request) -> ready(unready.get()))
                        .service(
                                "/metrics",
                                (ctx, request) ->
                                        HttpResponse.of(HttpStatus.OK, METRICS, metrics.scrape()));
        HttpMethods.register(
                definitions,
                (route, service) -> builder.service(route, new HttpRoom(service, memory)));
        server =
                builder.service(
                                grpcWeb(definitions),
                                List.of(service -> new HttpRoom(service, memory)))
                        .decorator(HttpDoor::checkTimeout)
                        .build();
        try {
            server.start().join();
        } catch (CompletionException e) {
            throw Reasons.cannotListen(address, e);
        }
    }

    private static HttpResponse ready(Optional<String> unready) {
        return unready.map(
                        why ->
                                HttpResponse.of(
                                        HttpStatus.SERVICE_UNAVAILABLE,
                                        MediaType.PLAIN_TEXT_UTF_8,
                                        why + "\n"))
                .orElseGet(() -> HttpResponse.of("ok\n"));
    }

    private static List<ServerServiceDefinition> intercepted(
            Tasks tasks,
            List<ServerInterceptor> interceptors,
            List<? extends BindableService> services) {
        List<ServerInterceptor> chain = new ArrayList<>(interceptors);
        chain.add(new FaultInterceptor());
        chain.add(new OnVirtualThreads(tasks));
        return services.stream()
                .map(service -> ServerInterceptors.intercept(service, chain))
                .toList();
    }

    private static GrpcService grpcWeb(List<ServerServiceDefinition> services) {
        GrpcServiceBuilder grpc =
                GrpcService.builder()
                        .exceptionHandler(HttpDoor::unreadable)
                        .supportedSerializationFormats(
                                GrpcSerializationFormats.PROTO,
                                GrpcSerializationFormats.PROTO_WEB,
                                GrpcSerializationFormats.PROTO_WEB_TEXT);
        services.forEach(grpc::addService);
        return grpc.build();
    }

    /** Armeria would say that the message is malformed. */
    private static HttpResponse checkTimeout(
            HttpService service, ServiceRequestContext ctx, HttpRequest request) throws Exception {
        String timeout = request.headers().get(TIMEOUT, "0n");
        if (TIMEOUTS.matcher(timeout).matches()) {
            return service.serve(ctx, request);
        }
        return HttpErrors.answer(
                        Faults.toStatus(
                                Fault.invalid(
                                        List.of(
                                                Fault.violation(
                                                        TIMEOUT,
                                                        timeout,
                                                        "at most 8 digits and one of H, M, S, m,"
                                                                + " u, n")))))
                .toHttpResponse();
    }

    /** How long the caller waits, if it says so; checked. */
    static Optional<Duration> timeout(RequestHeaders headers) {
        String text = headers.get(TIMEOUT, "0n");
        int last = text.length() - 1;
        long number = Long.parseLong(text.substring(0, last));
        Duration timeout =
                switch (text.charAt(last)) {
                    case 'H' -> Duration.ofHours(number);
                    case 'M' -> Duration.ofMinutes(number);
                    case 'S' -> Duration.ofSeconds(number);
                    case 'm' -> Duration.ofMillis(number);
                    case 'u' -> Duration.of(number, ChronoUnit.MICROS);
                    default -> Duration.ofNanos(number);
                };
        return Optional.of(timeout).filter(Duration::isPositive);
    }

    /**
     * The services' own exceptions have become statuses before they get here; what remains is a
     * request that is no message of its method's type.
     */
    private static Status unreadable(
            RequestContext ctx, Status status, Throwable cause, Metadata trailers) {
        Status usual = GrpcExceptionHandlerFunction.of().apply(ctx, status, cause, trailers);
        return switch (usual.getCode()) {
            case UNKNOWN, INTERNAL, INVALID_ARGUMENT -> {
                StatusRuntimeException refusal = Faults.toException(HttpErrors.noMessage(cause));
                Optional.ofNullable(refusal.getTrailers()).ifPresent(trailers::merge);
                yield refusal.getStatus();
            }
            default -> usual;
        };
    }

    /** The port that is bound. */
    public int port() {
        // Of any address: what Armeria calls a local port is one on loopback.
        return server.activePorts().keySet().iterator().next().getPort();
    }

    @Override
    public void close() {
        server.stop().join();
    }
}
