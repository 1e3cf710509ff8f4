package io.hypervisor.sim;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** One client's way to the public API, through any replica. */
final class Api {
    static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final Cluster cluster;
    private final int client;
    private final Executor timers;

    Api(Cluster cluster, int client) {
        this.cluster = cluster;
        this.client = client;
        this.timers = cluster.clients().concurrent("client-timer");
    }

    /** How a call ended. */
    sealed interface Answer<S> {
        /** It was acknowledged. */
        record Told<S>(S response) implements Answer<S> {}

        /** It was refused, and changed nothing. */
        record Refused<S>(Status status, String reason) implements Answer<S> {}

        /** It may have happened, or may yet happen. */
        record Unknown<S>(Status status) implements Answer<S> {}
    }

    /** Calls a method and waits for the answer, for {@link #TIMEOUT} at most. */
    <Q, S> Answer<S> call(int controller, MethodDescriptor<Q, S> method, Q request) {
        CompletableFuture<Answer<S>> answer = new CompletableFuture<>();
        ClientCall<Q, S> call = newCall(controller, method);
        Tasks.Timer timeout =
                cluster.clients().after(TIMEOUT, timers, () -> call.cancel("too late", null));
        call.start(
                new ClientCall.Listener<>() {
                    private Optional<S> message = Optional.empty();

                    @Override
                    public void onMessage(S response) {
                        message = Optional.of(response);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        answer.complete(
                                status.isOk() && message.isPresent()
                                        ? new Answer.Told<>(message.get())
                                        : failed(method, status, trailers));
                    }
                },
                new Metadata());
        call.request(2);
        call.sendMessage(request);
        call.halfClose();
        Answer<S> result = answer.join();
        timeout.cancel();
        return result;
    }

    /** A stream's other end: cancels it. */
    interface Stream {
        void cancel();
    }

    /** Opens a stream; the listeners are called one at a time. */
    <Q, S> Stream open(
            int controller,
            MethodDescriptor<Q, S> method,
            Q request,
            Consumer<S> event,
            Consumer<Status> end) {
        ClientCall<Q, S> call = newCall(controller, method);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(S response) {
                        event.accept(response);
                        call.request(1);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.accept(status);
                    }
                },
                new Metadata());
        call.request(1);
        call.sendMessage(request);
        call.halfClose();
        return () -> call.cancel("the reader leaves", null);
    }

    private <Q, S> ClientCall<Q, S> newCall(int controller, MethodDescriptor<Q, S> method) {
        return cluster.channel(client, controller).newCall(method, CallOptions.DEFAULT);
    }

    private static <S> Answer<S> failed(
            MethodDescriptor<?, ?> method, Status status, Metadata trailers) {
        return switch (status.getCode()) {
            case INTERNAL, UNKNOWN, UNIMPLEMENTED, DATA_LOSS ->
                    throw new Violation(
                            Acknowledged.NAME,
                            method.getFullMethodName() + " was answered with " + status);
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, OK -> new Answer.Unknown<>(status);
            case INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    PERMISSION_DENIED,
                    RESOURCE_EXHAUSTED,
                    FAILED_PRECONDITION,
                    ABORTED,
                    OUT_OF_RANGE,
                    UNAUTHENTICATED ->
                    new Answer.Refused<>(status, reason(status, trailers));
        };
    }

    private static String reason(Status status, Metadata trailers) {
        com.google.rpc.Status details = StatusProto.fromStatusAndTrailers(status, trailers);
        try {
            for (Any detail : details.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    return detail.unpack(ErrorInfo.class).getReason();
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw new Violation(Acknowledged.NAME, "unreadable error details: " + e);
        }
        return "";
    }
}
