package io.hypervisor.core.server;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.core.Fault;

import java.io.InputStream;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Ends calls whose request cannot be read, with INVALID_ARGUMENT: bytes that are no message of the
 * method's type, no message at all, or a second one where one is expected. grpc-java alone would
 * answer UNKNOWN, INTERNAL and CANCELLED. It sees requests before they are parsed, so no
 * interceptor could do this.
 *
 * <p>It also keeps grpc-java from ending a whole connection, with all its calls, when a service
 * answers a stream that grpc-java has just ended for a message that is too large: what comes after
 * the {@link End} is dropped. And it counts what each call holds, and ends those that {@link
 * CallMemory} refuses.
 */
final class RequestGuard {
    private static final Context.Key<End> END = Context.key("end-of-stream");

    private RequestGuard() {}

    /** Must be known to the server whose services are guarded. Refusals wait for calls' locks. */
    static ServerStreamTracer.Factory ends(CallMemory memory, Executor refusals) {
        return new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new End(memory, refusals);
            }
        };
    }

    /**
     * Whether a stream has ended. The transport says so before it writes the end, and listeners
     * learn of it too late. Also the lock of its {@link Call}: a service may answer on any thread.
     */
    private static final class End extends ServerStreamTracer {
        private final CallMemory.Part memory;
        private Optional<Call<?, ?>> call = Optional.empty();
        private boolean noRoom;
        private boolean reached;

        End(CallMemory memory, Executor refusals) {
            this.memory = memory.open(CallMemory.CALL, () -> refusals.execute(this::refuse));
        }

        private synchronized void refuse() {
            noRoom = true;
            call.ifPresent(Call::refuseForRoom);
        }

        synchronized void begins(Call<?, ?> begun) {
            call = Optional.of(begun);
            if (noRoom) {
                begun.refuseForRoom();
            }
        }

        @Override
        public Context filterContext(Context context) {
            return context.withValue(END, this);
        }

        @Override
        public void inboundMessage(int number) {
            memory.begin();
        }

        @Override
        public void inboundWireSize(long bytes) {
            memory.take(bytes);
        }

        @Override
        public void inboundUncompressedSize(long bytes) {
            memory.take(bytes);
        }

        @Override
        public synchronized void streamClosed(Status status) {
            reached = true;
            memory.release();
        }
    }

    /** The service, guarded. */
    static ServerServiceDefinition guard(ServerServiceDefinition service) {
        ServiceDescriptor.Builder descriptor =
                ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
                        .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
        var methods = service.getMethods().stream().map(RequestGuard::guard).toList();
        methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        ServerServiceDefinition.Builder guarded =
                ServerServiceDefinition.builder(descriptor.build());
        methods.forEach(guarded::addMethod);
        return guarded.build();
    }

    private static <Q, S> ServerMethodDefinition<Received<Q>, S> guard(
            ServerMethodDefinition<Q, S> method) {
        MethodDescriptor<Q, S> descriptor = method.getMethodDescriptor();
        MethodDescriptor<Received<Q>, S> wire =
                descriptor.toBuilder(
                                new Receiving<>(descriptor.getRequestMarshaller()),
                                answers(descriptor))
                        .setType(manyRequests(descriptor.getType()))
                        .build();
        ServerCallHandler<Q, S> handler = method.getServerCallHandler();
        return ServerMethodDefinition.create(
                wire,
                (call, headers) -> {
                    End end = END.get();
                    Call<Q, S> typed = new Call<>(call, descriptor, end);
                    end.begins(typed);
                    return new Listener<>(handler.startCall(typed, headers), typed);
                });
    }

    private static <S> MethodDescriptor.Marshaller<S> answers(MethodDescriptor<?, S> method) {
        return method.getType().serverSendsOneMessage()
                ? method.getResponseMarshaller()
                : new SerializedOnce<>(method.getResponseMarshaller());
    }

    /** On the wire every method takes many messages, so that a second one reaches the guard. */
    private static MethodType manyRequests(MethodType type) {
        return type.serverSendsOneMessage()
                ? MethodType.CLIENT_STREAMING
                : MethodType.BIDI_STREAMING;
    }

    /** A message, or why there is none. */
    private record Received<Q>(Optional<Q> message, Optional<StatusRuntimeException> failure) {}

    private record Receiving<Q>(MethodDescriptor.Marshaller<Q> messages)
            implements MethodDescriptor.Marshaller<Received<Q>> {
        @Override
        public InputStream stream(Received<Q> value) {
            return messages.stream(value.message().orElseThrow());
        }

        @Override
        public Received<Q> parse(InputStream stream) {
            try {
                return new Received<>(Optional.of(messages.parse(stream)), Optional.empty());
            } catch (StatusRuntimeException e) {
                return new Received<>(Optional.empty(), Optional.of(e));
            }
        }
    }

    private static final class Listener<Q, S> extends ServerCall.Listener<Received<Q>> {
        private final ServerCall.Listener<Q> service;
        private final Call<Q, S> call;
        private int messages;
        private boolean refused;

        Listener(ServerCall.Listener<Q> service, Call<Q, S> call) {
            this.service = service;
            this.call = call;
        }

        @Override
        public void onMessage(Received<Q> received) {
            messages++;
            if (refused) {
                return;
            }
            if (received.failure().isPresent()) {
                refuse(call.malformed(received.failure().get()));
            } else if (messages > 1 && call.takesOne()) {
                refuse(call.wrongCount("a second one"));
            } else {
                service.onMessage(received.message().orElseThrow());
                call.taken();
            }
        }

        @Override
        public void onHalfClose() {
            if (messages == 0 && call.takesOne()) {
                refuse(call.wrongCount("none"));
            } else if (!refused && call.isKept()) {
                service.onHalfClose();
            }
        }

        /** The service learns of it as of a caller that went away. */
        private void refuse(StatusRuntimeException reason) {
            refused = true;
            call.refuse(reason);
            service.onCancel();
        }

        @Override
        public void onReady() {
            if (!refused) {
                service.onReady();
            }
        }

        @Override
        public void onCancel() {
            if (!refused) {
                service.onCancel();
            }
        }

        @Override
        public void onComplete() {
            if (!refused) {
                // A call without room ends as if its caller had gone.
                if (call.isCancelled()) {
                    service.onCancel();
                } else {
                    service.onComplete();
                }
            }
        }
    }

    /** The call as the service knows it. What it sends after the end is dropped. */
    private static final class Call<Q, S> extends ServerCall<Q, S> {
        private final ServerCall<Received<Q>, S> wire;
        private final MethodDescriptor<Q, S> method;

        // Guards the following two.
        private final End end;
        private boolean refused;
        private boolean closed;

        Call(ServerCall<Received<Q>, S> wire, MethodDescriptor<Q, S> method, End end) {
            this.wire = wire;
            this.method = method;
            this.end = end;
        }

        boolean takesOne() {
            return method.getType().clientSendsOneMessage();
        }

        StatusRuntimeException wrongCount(String count) {
            return refusal("message: value: " + count + " (expected: exactly one)");
        }

        /** A message that is too large once it is unpacked has a status of its own. */
        StatusRuntimeException malformed(StatusRuntimeException e) {
            Throwable cause = e.getCause();
            return cause == null
                    ? e
                    : refusal(
                            "message: value: malformed (expected: a message of the method's type): "
                                    + cause.getMessage());
        }

        private StatusRuntimeException refusal(String message) {
            return Faults.toException(
                    Fault.of(
                            Fault.Kind.INVALID_ARGUMENT,
                            "MALFORMED_REQUEST",
                            method.getFullMethodName() + ": " + message));
        }

        /** Whether it can no more be refused for want of room. */
        boolean isKept() {
            return end.memory.keep();
        }

        /** A message of a stream is its service's affair from now on. */
        void taken() {
            if (!takesOne()) {
                end.memory.done();
            }
        }

        void refuseForRoom() {
            refuse(Faults.toException(CallMemory.noRoom(method.getFullMethodName())));
        }

        void refuse(StatusRuntimeException reason) {
            synchronized (end) {
                refused = true;
                if (!closed && !end.reached) {
                    Metadata trailers = reason.getTrailers();
                    wire.close(reason.getStatus(), trailers == null ? new Metadata() : trailers);
                }
            }
        }

        private void unlessOver(Runnable step) {
            synchronized (end) {
                if (!refused && !end.reached) {
                    step.run();
                }
            }
        }

        @Override
        public void request(int messages) {
            unlessOver(() -> wire.request(messages));
        }

        @Override
        public void sendHeaders(Metadata headers) {
            unlessOver(() -> wire.sendHeaders(headers));
        }

        @Override
        public void sendMessage(S message) {
            unlessOver(() -> wire.sendMessage(message));
        }

        @Override
        public void close(Status status, Metadata trailers) {
            unlessOver(
                    () -> {
                        closed = true;
                        wire.close(status, trailers);
                    });
        }

        @Override
        public boolean isCancelled() {
            synchronized (end) {
                return refused || wire.isCancelled();
            }
        }

        @Override
        public boolean isReady() {
            synchronized (end) {
                return !refused && wire.isReady();
            }
        }

        @Override
        public void setOnReadyThreshold(int bytes) {
            wire.setOnReadyThreshold(bytes);
        }

        @Override
        public void setMessageCompression(boolean enabled) {
            wire.setMessageCompression(enabled);
        }

        @Override
        public void setCompression(String compressor) {
            wire.setCompression(compressor);
        }

        @Override
        public SecurityLevel getSecurityLevel() {
            return wire.getSecurityLevel();
        }

        @Override
        public Attributes getAttributes() {
            return wire.getAttributes();
        }

        @Override
        public String getAuthority() {
            return wire.getAuthority();
        }

        @Override
        public MethodDescriptor<Q, S> getMethodDescriptor() {
            return method;
        }
    }
}
