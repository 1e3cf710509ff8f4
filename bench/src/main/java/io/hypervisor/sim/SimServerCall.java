package io.hypervisor.sim;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;

import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;

/** The served end of a call; its events run one after the other, as grpc-java does it. */
final class SimServerCall<Q, S> extends ServerCall<Q, S> implements Connection.Side {
    private final Connection connection;
    private final SimClientCall<?, ?> client;
    private final MethodDescriptor<Q, S> method;
    private final SimProcess process;
    private final Executor serial;
    private final Context.CancellableContext context;
    private final Inflow in;
    private final Outflow out;
    private Listener<Q> listener = new Listener<>() {};
    private boolean cancelled;
    private boolean closed;

    private SimServerCall(
            Connection connection,
            SimClientCall<?, ?> client,
            MethodDescriptor<Q, S> method,
            OptionalLong deadline) {
        this.connection = connection;
        this.client = client;
        this.method = method;
        this.process = connection.server().process();
        this.serial = process.tasks().serial("grpc");
        this.context = context(deadline);
        this.in = new Inflow(this::deliver, this::credit);
        this.out = new Outflow(() -> run(() -> listener.onReady()));
    }

    private Context.CancellableContext context(OptionalLong deadline) {
        if (deadline.isEmpty()) {
            return Context.ROOT.withCancellation();
        }
        Duration left = Duration.ofNanos(deadline.getAsLong());
        return Context.ROOT.withDeadline(
                process.clock().deadline(left), new SimScheduler(process.tasks()));
    }

    /** A call has arrived. */
    static SimServerCall<?, ?> accept(
            Connection connection,
            SimClientCall<?, ?> client,
            MethodDescriptor<?, ?> asked,
            Metadata headers,
            OptionalLong deadline) {
        Optional<ServerMethodDefinition<?, ?>> served =
                connection.served().method(asked.getFullMethodName());
        if (served.isEmpty()) {
            SimServerCall<?, ?> none = new SimServerCall<>(connection, client, asked, deadline);
            none.close(
                    Status.UNIMPLEMENTED.withDescription(asked.getFullMethodName()),
                    new Metadata());
            return none;
        }
        return begin(connection, client, served.get(), headers, deadline);
    }

    private static <Q, S> SimServerCall<Q, S> begin(
            Connection connection,
            SimClientCall<?, ?> client,
            ServerMethodDefinition<Q, S> served,
            Metadata headers,
            OptionalLong deadline) {
        SimServerCall<Q, S> call =
                new SimServerCall<>(connection, client, served.getMethodDescriptor(), deadline);
        connection.server().add(call);
        call.run(() -> call.listener = served.getServerCallHandler().startCall(call, headers));
        call.run(() -> call.listener.onReady());
        call.context.addListener(
                c -> call.expired(),
                process -> call.process.tasks().concurrent("x").execute(process));
        return call;
    }

    private void run(Runnable callback) {
        serial.execute(
                context.wrap(
                        () -> {
                            try {
                                callback.run();
                            } catch (RuntimeException e) {
                                Defects.show(e);
                                close(Status.UNKNOWN.withCause(e), new Metadata());
                            }
                        }));
    }

    // ---- from the caller

    void received(byte[] message) {
        in.add(message);
    }

    void halfClosed() {
        in.end(() -> run(() -> listener.onHalfClose()));
    }

    void credited(int bytes) {
        out.credited(bytes);
    }

    @Override
    public void broken(Status status) {
        cancelled(String.valueOf(status.getDescription()));
    }

    void cancelled(String why) {
        if (closed || cancelled) {
            return;
        }
        cancelled = true;
        connection.server().remove(this);
        // At once: a task that waits may be waiting for just this.
        process.tasks()
                .concurrent("grpc-cancel")
                .execute(() -> context.cancel(new CancellationException(why)));
        run(() -> listener.onCancel());
    }

    /** The context ended by itself: the deadline passed. */
    private void expired() {
        if (!closed && !cancelled) {
            Status status = Status.DEADLINE_EXCEEDED.withDescription("too late");
            connection.server().send("reset", () -> client.closedByServer(status, new Metadata()));
            cancelled("too late");
        }
    }

    private void deliver(byte[] message) {
        run(() -> listener.onMessage(method.parseRequest(new ByteArrayInputStream(message))));
    }

    private void credit(int bytes) {
        connection.server().send("window", () -> client.credited(bytes));
    }

    // ---- to the caller

    @Override
    public void request(int count) {
        in.request(count);
    }

    @Override
    public void sendHeaders(Metadata headers) {
        Metadata sent = new Metadata();
        sent.merge(headers);
        connection.server().send("headers", () -> client.headers(sent));
    }

    @Override
    public void sendMessage(S message) {
        if (closed || cancelled) {
            return;
        }
        byte[] bytes = SimClientCall.bytes(method.streamResponse(message));
        out.sent(bytes.length);
        connection
                .server()
                .send(
                        method.getBareMethodName() + " answers " + bytes.length + "b",
                        () -> client.received(bytes));
    }

    @Override
    public void close(Status status, Metadata trailers) {
        if (closed || cancelled) {
            return;
        }
        if (status.getCode() == Status.Code.INTERNAL || status.getCode() == Status.Code.UNKNOWN) {
            process.kernel()
                    .fail(
                            "no defect",
                            process.name() + " " + method.getFullMethodName() + ": " + status);
        }
        closed = true;
        connection.server().remove(this);
        Metadata sent = new Metadata();
        sent.merge(trailers);
        Status told = Status.fromCode(status.getCode()).withDescription(status.getDescription());
        connection
                .server()
                .send(
                        method.getBareMethodName() + " " + status.getCode(),
                        () -> client.closedByServer(told, sent));
        run(() -> listener.onComplete());
        run(() -> context.cancel(null));
    }

    @Override
    public boolean isReady() {
        return !closed && !cancelled && out.ready();
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    @Override
    public MethodDescriptor<Q, S> getMethodDescriptor() {
        return method;
    }

    @Override
    public Attributes getAttributes() {
        return Attributes.EMPTY;
    }
}
