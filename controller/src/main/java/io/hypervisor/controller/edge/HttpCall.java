package io.hypervisor.controller.edge;

import com.google.protobuf.Message;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpObject;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.ServiceRequestContext;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A call whose one request is there and whose message becomes an HTTP answer; a stream's messages
 * become lines of one. A stream is ready for more while the client reads: what is not on its way
 * yet stays below a limit, if the service asks.
 */
final class HttpCall<Q, S> extends ServerCall<Q, S> {
    // As grpc-java's own server has it.
    private static final int ROOM = 32 * 1024;
    private static final ResponseHeaders HEADERS =
            ResponseHeaders.of(HttpStatus.OK, HttpHeaderNames.CONTENT_TYPE, MediaType.JSON);

    private final MethodDescriptor<Q, S> method;
    private final HttpResponseWriter out;
    private Listener<Q> listener = new Listener<>() {};
    private Optional<Message> only = Optional.empty();
    private int unsent;
    private boolean begun;
    private boolean closed;
    private boolean cancelled;

    HttpCall(MethodDescriptor<Q, S> method, HttpResponseWriter out) {
        this.method = method;
        this.out = out;
    }

    /** Hands the request to the service. */
    void start(ServerCallHandler<Q, S> service, Metadata headers, Q request) {
        listener = service.startCall(this, headers);
        listener.onReady();
        listener.onMessage(request);
        listener.onHalfClose();
        var _ =
                out.whenComplete()
                        .whenComplete(
                                (done, broken) -> {
                                    if (broken == null) {
                                        listener.onComplete();
                                    } else {
                                        cancel();
                                    }
                                });
    }

    /** Ends the call when its caller has said it would wait no longer. */
    void expireAfter(Duration timeout, ServiceRequestContext ctx) {
        Future<?> timer =
                ctx.eventLoop().schedule(this::expire, timeout.toMillis(), TimeUnit.MILLISECONDS);
        var _ = out.whenComplete().whenComplete((done, broken) -> timer.cancel(false));
    }

    private void expire() {
        close(
                Status.DEADLINE_EXCEEDED.withDescription("the call's deadline passed"),
                new Metadata());
        cancel();
    }

    private void cancel() {
        synchronized (this) {
            cancelled = true;
        }
        listener.onCancel();
    }

    @Override
    public void request(int messages) {
        // There is one, and it is on its way.
    }

    @Override
    public void sendHeaders(Metadata headers) {
        // They go with the first message: an error before it has its own HTTP status.
    }

    @Override
    public synchronized void sendMessage(S message) {
        if (closed || cancelled) {
            return;
        }
        if (method.getType().serverSendsOneMessage()) {
            only = Optional.of((Message) message);
            return;
        }
        begin();
        HttpData line = HttpErrors.line("result", (Message) message);
        int size = line.length();
        unsent += size;
        if (out.tryWrite(line)) {
            var _ = out.whenConsumed().thenRun(() -> sent(size));
        }
    }

    private void begin() {
        if (!begun) {
            begun = true;
            write(HEADERS);
        }
    }

    private void write(HttpObject part) {
        // Not taken when the reader has left, which ends the call by itself.
        var _ = out.tryWrite(part);
    }

    private void sent(int size) {
        boolean again;
        synchronized (this) {
            again = unsent >= ROOM && unsent - size < ROOM && !closed;
            unsent -= size;
        }
        if (again) {
            listener.onReady();
        }
    }

    @Override
    public synchronized boolean isReady() {
        return !closed && !cancelled && unsent < ROOM;
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
        if (closed) {
            return;
        }
        closed = true;
        com.google.rpc.Status error = StatusProto.fromStatusAndTrailers(status, trailers);
        if (begun && !status.isOk()) {
            write(HttpErrors.line("error", error));
        } else if (!begun && !status.isOk()) {
            write(HttpErrors.answer(error));
        } else if (only.isPresent()) {
            write(HttpErrors.whole(only.get()));
        } else {
            begin();
        }
        out.close();
    }

    private void write(AggregatedHttpResponse answer) {
        write(answer.headers());
        // In one piece with the end: a client that has all of it may send its next request.
        write(answer.content().withEndOfStream());
    }

    @Override
    public synchronized boolean isCancelled() {
        return cancelled;
    }

    @Override
    public MethodDescriptor<Q, S> getMethodDescriptor() {
        return method;
    }
}
