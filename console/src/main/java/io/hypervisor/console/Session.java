package io.hypervisor.console;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ClusterServiceGrpc.ClusterServiceBlockingStub;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc.ComputeServiceBlockingStub;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.NetworkServiceGrpc.NetworkServiceBlockingStub;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.api.v1.WatchNodesRequest;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** One connection to one server, for the length of one command. */
final class Session implements AutoCloseable {
    static final int PAGE = 100;
    // A page of 100 instances, each with all the annotations it may have, takes some 15 MB.
    private static final int MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

    // What may be repeated: a watch, long enough for a new leader to stand up, and a create, which
    // its request_id keeps from happening twice.
    private static final Map<String, ?> RETRIES =
            Map.of(
                    "methodConfig",
                    List.of(
                            retry(5.0, ComputeServiceGrpc.getWatchInstanceMethod()),
                            retry(5.0, ClusterServiceGrpc.getWatchNodesMethod()),
                            retry(3.0, ComputeServiceGrpc.getCreateInstanceMethod())));

    private final String server;
    private final Duration callTimeout;
    private final ManagedChannel channel;

    /**
     * @param callTimeout how long a call may take that is not meant to last
     */
    Session(Context context, Duration callTimeout) {
        this.server = context.server();
        this.callTimeout = callTimeout;
        try {
            this.channel =
                    NettyChannelBuilder.forTarget("dns:///" + server, credentials(context.tls()))
                            .disableServiceConfigLookUp()
                            .defaultServiceConfig(RETRIES)
                            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                            .keepAliveTime(20, TimeUnit.SECONDS)
                            .build();
        } catch (IllegalArgumentException e) {
            throw new Problem(
                    Problem.USAGE,
                    "'" + server + "' is no server address",
                    List.of(String.valueOf(e.getMessage())),
                    "host:port, for example " + Contexts.DEFAULT_SERVER);
        }
    }

    String server() {
        return server;
    }

    ManagedChannel channel() {
        return channel;
    }

    Duration callTimeout() {
        return callTimeout;
    }

    /** For one call that answers soon. */
    ComputeServiceBlockingStub compute() {
        return limited(ComputeServiceGrpc.newBlockingStub(channel), Optional.of(callTimeout));
    }

    /** For one call that answers soon. */
    ClusterServiceBlockingStub cluster() {
        return limited(ClusterServiceGrpc.newBlockingStub(channel), Optional.of(callTimeout));
    }

    /** For one call that answers soon. */
    NetworkServiceBlockingStub network() {
        return limited(NetworkServiceGrpc.newBlockingStub(channel), Optional.of(callTimeout));
    }

    /** For calls that last: until the limit, or as long as they like. */
    ComputeServiceBlockingStub lasting(Optional<Duration> limit) {
        return limited(ComputeServiceGrpc.newBlockingStub(channel), limit);
    }

    private static <S extends AbstractStub<S>> S limited(S stub, Optional<Duration> limit) {
        return limit.map(time -> stub.withDeadlineAfter(time.toNanos(), TimeUnit.NANOSECONDS))
                .orElse(stub);
    }

    /**
     * Reads instance events until one is enough, or the limit is over (DEADLINE_EXCEEDED). A stream
     * that breaks is opened again from the start, so that events may repeat and none is missing.
     *
     * @param enough whether to stop after this event
     * @return whether an event was enough; false when the server ended the stream
     */
    boolean followInstances(
            WatchInstanceRequest request,
            Optional<Duration> limit,
            Predicate<InstanceEvent> enough) {
        ComputeServiceBlockingStub stub = lasting(limit);
        return follow(() -> stub.watchInstance(request), enough);
    }

    /** Reads node events as {@link #followInstances} does those of instances. */
    boolean followNodes(
            WatchNodesRequest request, Optional<Duration> limit, Predicate<NodeEvent> enough) {
        ClusterServiceBlockingStub stub =
                limited(ClusterServiceGrpc.newBlockingStub(channel), limit);
        return follow(() -> stub.watchNodes(request), enough);
    }

    private static <E> boolean follow(Supplier<Iterator<E>> open, Predicate<E> enough) {
        while (true) {
            boolean heard = false;
            try {
                Iterator<E> events = open.get();
                while (events.hasNext()) {
                    heard = true;
                    if (enough.test(events.next())) {
                        return true;
                    }
                }
                return false;
            } catch (StatusRuntimeException e) {
                Status.Code code = e.getStatus().getCode();
                boolean broken =
                        code == Status.Code.UNAVAILABLE || code == Status.Code.OUT_OF_RANGE;
                if (!broken || !heard) {
                    throw e;
                }
            }
        }
    }

    /** One page of a list. */
    interface Page<R extends Message> {
        R read(int size, String token);
    }

    /**
     * Reads pages of a list until it ends or there is enough, and joins them into one response; its
     * next_page_token is set only if there is more.
     */
    static <R extends Message> R pages(int limit, Page<R> page) {
        R joined = page.read(Math.min(PAGE, limit), "");
        FieldDescriptor token = joined.getDescriptorForType().findFieldByName("next_page_token");
        FieldDescriptor items = joined.getDescriptorForType().findFieldByNumber(1);
        String next = (String) joined.getField(token);
        while (!next.isEmpty() && joined.getRepeatedFieldCount(items) < limit) {
            int size = Math.min(PAGE, limit - joined.getRepeatedFieldCount(items));
            R more = page.read(size, next);
            next = (String) more.getField(token);
            joined = append(joined, more, items, token);
        }
        return joined;
    }

    // The first page's revision stands: a watch from there misses nothing of the later pages.
    @SuppressWarnings("unchecked")
    private static <R extends Message> R append(
            R first, R more, FieldDescriptor items, FieldDescriptor token) {
        Message.Builder builder = first.toBuilder().setField(token, more.getField(token));
        for (int i = 0; i < more.getRepeatedFieldCount(items); i++) {
            builder.addRepeatedField(items, more.getRepeatedField(items, i));
        }
        return (R) builder.build();
    }

    private static Map<String, ?> retry(double attempts, MethodDescriptor<?, ?> method) {
        return Map.of(
                "name",
                List.of(
                        Map.of(
                                "service", String.valueOf(method.getServiceName()),
                                "method", String.valueOf(method.getBareMethodName()))),
                "retryPolicy",
                Map.of(
                        "maxAttempts",
                        attempts,
                        "initialBackoff",
                        "0.5s",
                        "maxBackoff",
                        "4s",
                        "backoffMultiplier",
                        2.0,
                        "retryableStatusCodes",
                        List.of("UNAVAILABLE")));
    }

    private static ChannelCredentials credentials(Optional<Context.Tls> tls) {
        if (tls.isEmpty()) {
            return InsecureChannelCredentials.create();
        }
        try {
            TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
            if (!tls.get().ca().isEmpty()) {
                builder.trustManager(new File(tls.get().ca()));
            }
            if (!tls.get().cert().isEmpty()) {
                builder.keyManager(new File(tls.get().cert()), new File(tls.get().key()));
            }
            return builder.build();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read a TLS file", e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
