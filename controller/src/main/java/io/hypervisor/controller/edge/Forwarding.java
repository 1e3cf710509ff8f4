package io.hypervisor.controller.edge;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.server.Faults;
import io.hypervisor.core.server.HostPort;

import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Passes writes that reach a replica which does not lead on to the leader, with their headers and
 * deadline, and its answer back as it is. At most one hop.
 */
final class Forwarding implements ServerInterceptor {
    private static final Metadata.Key<String> HOP =
            Metadata.Key.of("hypervisor-forwarded", Metadata.ASCII_STRING_MARSHALLER);
    // AwaitNetwork is the leader's, too: it alone is in touch with the nodes.
    private static final Pattern NETWORK_READ = Pattern.compile("(Get|List|Watch|Trace).*");
    private static final Set<String> WRITES =
            Stream.concat(
                            networkWrites(),
                            Stream.of(
                                    ClusterServiceGrpc.getRegisterNodeMethod(),
                                    ClusterServiceGrpc.getDeregisterNodeMethod(),
                                    ClusterServiceGrpc.getUpdateNodeStatusMethod(),
                                    ClusterServiceGrpc.getHeartbeatMethod(),
                                    ClusterServiceGrpc.getFenceNodeMethod(),
                                    ComputeServiceGrpc.getCreateImageMethod(),
                                    ComputeServiceGrpc.getDeleteImageMethod(),
                                    ComputeServiceGrpc.getCreateInstanceMethod(),
                                    ComputeServiceGrpc.getDeleteInstanceMethod(),
                                    ComputeServiceGrpc.getStartInstanceMethod(),
                                    ComputeServiceGrpc.getStopInstanceMethod(),
                                    ComputeServiceGrpc.getUpdateInstanceMethod(),
                                    ComputeServiceGrpc.getRestartInstanceMethod()))
                    .map(MethodDescriptor::getFullMethodName)
                    .collect(Collectors.toUnmodifiableSet());

    private final BooleanSupplier leading;
    private final Supplier<Optional<HostPort>> leader;
    private final Function<HostPort, Channel> channels;
    private final Clock clock;

    private static Stream<MethodDescriptor<?, ?>> networkWrites() {
        return NetworkServiceGrpc.getServiceDescriptor().getMethods().stream()
                .filter(method -> !NETWORK_READ.matcher(method.getBareMethodName()).matches());
    }

    /**
     * Asks {@code leading} whether this replica leads, and {@code leader} who does.
     *
     * @param channels connections to replicas
     */
    Forwarding(
            BooleanSupplier leading,
            Supplier<Optional<HostPort>> leader,
            Function<HostPort, Channel> channels,
            Clock clock) {
        this.clock = clock;
        this.leading = leading;
        this.leader = leader;
        this.channels = channels;
    }

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
        MethodDescriptor<Q, S> method = call.getMethodDescriptor();
        if (!WRITES.contains(method.getFullMethodName()) || leading.getAsBoolean()) {
            return next.startCall(call, headers);
        }
        if (headers.containsKey(HOP)) {
            throw notLeader("this replica does not lead any more");
        }
        HostPort address = leader.get().orElseThrow(() -> notLeader("no replica leads at present"));
        Deadline deadline = Context.current().getDeadline();
        CallOptions options =
                CallOptions.DEFAULT.withDeadline(
                        deadline == null ? clock.deadline(Calls.PATIENCE) : deadline);
        ClientCall<Q, S> out = channels.apply(address).newCall(method, options);
        call.request(2);
        return new Inbound<>(out, new Outbound<>(call, address), passed(headers));
    }

    private static Fault notLeader(String message) {
        return Fault.unavailable("NOT_LEADER", message);
    }

    /** The caller's own headers, without those that belong to its connection. */
    private static Metadata passed(Metadata headers) {
        Metadata out = new Metadata();
        for (String name : headers.keys()) {
            if (name.startsWith(":") || name.startsWith("grpc-") || CONNECTION.contains(name)) {
                continue;
            }
            if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
                copy(headers, out, Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER));
            } else {
                copy(headers, out, Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
            }
        }
        out.put(HOP, "1");
        return out;
    }

    private static final Set<String> CONNECTION =
            Set.of(
                    "accept",
                    "accept-encoding",
                    "connection",
                    "content-length",
                    "content-type",
                    "host",
                    "te",
                    "transfer-encoding",
                    "user-agent");

    private static <V> void copy(Metadata from, Metadata to, Metadata.Key<V> key) {
        Iterable<V> values = from.getAll(key);
        if (values != null) {
            values.forEach(value -> to.put(key, value));
        }
    }

    /** From the caller to the leader. */
    private static final class Inbound<Q, S> extends ServerCall.Listener<Q> {
        private final ClientCall<Q, S> out;
        private boolean begun;

        Inbound(ClientCall<Q, S> out, Outbound<S> answer, Metadata headers) {
            this.out = out;
            out.start(answer, headers);
            out.request(2);
        }

        @Override
        public void onMessage(Q message) {
            begun = true;
            out.sendMessage(message);
        }

        @Override
        public void onHalfClose() {
            if (begun) {
                out.halfClose();
            } else {
                out.cancel("the caller sent no request", null);
            }
        }

        @Override
        public void onCancel() {
            out.cancel("the caller cancelled", null);
        }
    }

    /** From the leader to the caller. */
    private static final class Outbound<S> extends ClientCall.Listener<S> {
        private final ServerCall<?, S> call;
        private final HostPort address;

        Outbound(ServerCall<?, S> call, HostPort address) {
            this.call = call;
            this.address = address;
        }

        @Override
        public void onHeaders(Metadata headers) {
            call.sendHeaders(new Metadata());
        }

        @Override
        public void onMessage(S message) {
            call.sendMessage(message);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (status.getCode() == Status.Code.UNAVAILABLE && trailers.keys().isEmpty()) {
                // Not the leader's word: the connection to it failed.
                StatusRuntimeException lost =
                        Faults.toException(
                                notLeader("the leader at " + address + " does not answer"));
                call.close(lost.getStatus(), lost.getTrailers());
            } else {
                call.close(status, trailers);
            }
        }
    }
}
