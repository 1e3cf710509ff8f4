package io.hypervisor.sim;

import com.google.common.io.ByteStreams;
import com.google.common.util.concurrent.MoreExecutors;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.core.Tasks;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** The caller's end of a call. */
final class SimClientCall<Q, S> extends ClientCall<Q, S> implements Connection.Side {
    // What clients may send again when they do not know what became of it.
    private static final Set<String> REPEATABLE =
            Set.of(
                    ClusterServiceGrpc.getRegisterNodeMethod().getFullMethodName(),
                    ClusterServiceGrpc.getHeartbeatMethod().getFullMethodName(),
                    ComputeServiceGrpc.getCreateInstanceMethod().getFullMethodName(),
                    ComputeServiceGrpc.getDeleteInstanceMethod().getFullMethodName());

    private final SimChannel channel;
    private final MethodDescriptor<Q, S> method;
    private final Optional<Deadline> deadline;
    private final Executor executor;
    private final Context context = Context.current();
    private final Context.CancellationListener cancelled = c -> cancel("context cancelled", null);
    private final boolean twice;
    private final Inflow in;
    private final Outflow out;
    private Optional<Connection> connection = Optional.empty();
    private Optional<SimServerCall<?, ?>> server = Optional.empty();
    private Listener<S> listener = new Listener<>() {};
    private Tasks.Timer timer = () -> {};
    private byte[] request = new byte[0];
    private boolean ending;
    private boolean closed;

    SimClientCall(
            SimChannel channel, MethodDescriptor<Q, S> method, CallOptions options, boolean twice) {
        this.channel = channel;
        this.method = method;
        this.twice = twice && REPEATABLE.contains(method.getFullMethodName());
        Executor own = channel.process().tasks().concurrent("channel");
        this.executor =
                MoreExecutors.newSequentialExecutor(
                        options.getExecutor() == null ? own : options.getExecutor());
        Optional<Deadline> given = Optional.ofNullable(options.getDeadline());
        Optional<Deadline> around = Optional.ofNullable(context.getDeadline());
        this.deadline =
                given.isPresent() && around.isPresent()
                        ? Optional.of(given.get().minimum(around.get()))
                        : given.or(() -> around);
        this.in = new Inflow(this::deliver, this::credit);
        this.out = new Outflow(() -> run(() -> listener.onReady()));
    }

    private void run(Runnable callback) {
        executor.execute(context.wrap(callback));
    }

    @Override
    public void start(Listener<S> responses, Metadata headers) {
        listener = responses;
        connection = channel.connect();
        if (connection.isEmpty()) {
            finish(Status.UNAVAILABLE.withDescription("no way to " + channel.authority()));
            return;
        }
        OptionalLong left = left();
        if (left.isPresent() && left.getAsLong() <= 0) {
            finish(Status.DEADLINE_EXCEEDED.withDescription("deadline passed before the start"));
            return;
        }
        Connection by = connection.get();
        by.client().add(this);
        Metadata sent = new Metadata();
        sent.merge(headers);
        send(
                "call " + method.getBareMethodName(),
                () -> server = Optional.of(SimServerCall.accept(by, this, method, sent, left)));
        left.ifPresent(this::expireAfter);
        context.addListener(cancelled, Runnable::run);
        run(() -> listener.onReady());
    }

    private OptionalLong left() {
        return deadline.map(d -> OptionalLong.of(d.timeRemaining(TimeUnit.NANOSECONDS)))
                .orElse(OptionalLong.empty());
    }

    private void expireAfter(long nanos) {
        timer =
                channel.process()
                        .tasks()
                        .after(
                                Duration.ofNanos(nanos),
                                channel.process().tasks().concurrent("deadline"),
                                () -> end(Status.DEADLINE_EXCEEDED.withDescription("too late")));
    }

    private void send(String what, Runnable arrive) {
        connection.ifPresent(c -> c.client().send(what, arrive));
    }

    @Override
    public void request(int count) {
        in.request(count);
    }

    @Override
    public void sendMessage(Q message) {
        if (closed) {
            return;
        }
        byte[] bytes = bytes(method.streamRequest(message));
        request = bytes;
        out.sent(bytes.length);
        send(name(bytes), () -> server.ifPresent(s -> s.received(bytes)));
    }

    private String name(byte[] bytes) {
        return method.getBareMethodName() + " " + bytes.length + "b";
    }

    static byte[] bytes(InputStream message) {
        try (message) {
            return ByteStreams.toByteArray(message);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void halfClose() {
        send("half-close", () -> server.ifPresent(SimServerCall::halfClosed));
        if (twice && !closed) {
            repeat();
        }
    }

    /** The same request arrives once more, on another connection; its answer goes nowhere. */
    private void repeat() {
        SimChannel other = channel.again();
        SimClientCall<Q, S> again = new SimClientCall<>(other, method, CallOptions.DEFAULT, false);
        Listener<S> nobody =
                new Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        other.shutdownNow();
                    }
                };
        again.start(nobody, new Metadata());
        again.request(2);
        again.send(
                "once more " + name(request),
                () -> again.server.ifPresent(s -> s.received(request)));
        again.halfClose();
    }

    @Override
    public boolean isReady() {
        return !closed && out.ready();
    }

    @Override
    public void cancel(String message, Throwable cause) {
        end(Status.CANCELLED.withDescription(message).withCause(cause));
    }

    private void end(Status status) {
        if (!ending) {
            send("cancel", () -> server.ifPresent(s -> s.cancelled("the caller cancelled")));
            finish(status);
        }
    }

    @Override
    public void broken(Status status) {
        in.end(() -> finish(status));
    }

    void headers(Metadata headers) {
        run(
                () -> {
                    if (!closed) {
                        listener.onHeaders(headers);
                    }
                });
    }

    void received(byte[] message) {
        if (!closed) {
            in.add(message);
        }
    }

    void credited(int bytes) {
        out.credited(bytes);
    }

    void closedByServer(Status status, Metadata trailers) {
        if (twice && !status.isOk()) {
            // What arrives twice was sent again because the first answer was lost.
            broken(Status.UNAVAILABLE.withDescription("the answer is lost"));
        } else {
            in.end(() -> finish(status, trailers));
        }
    }

    private void deliver(byte[] message) {
        run(
                () -> {
                    if (!closed) {
                        listener.onMessage(method.parseResponse(new ByteArrayInputStream(message)));
                    }
                });
    }

    private void credit(int bytes) {
        send("window", () -> server.ifPresent(s -> s.credited(bytes)));
    }

    private void finish(Status status) {
        finish(status, new Metadata());
    }

    private void finish(Status status, Metadata trailers) {
        if (ending) {
            return;
        }
        ending = true;
        timer.cancel();
        context.removeListener(cancelled);
        connection.ifPresent(c -> c.client().remove(this));
        run(
                () -> {
                    closed = true;
                    listener.onClose(status, trailers);
                });
    }
}
