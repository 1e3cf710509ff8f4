package io.hypervisor.core.server;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.core.Fault;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ends calls that throw: a {@link Fault} with its status, anything else with INTERNAL and an
 * incident number that leads to the one log line with the stack trace. Callers never see a trace.
 */
public final class FaultInterceptor implements ServerInterceptor {
    private static final Logger log = LoggerFactory.getLogger(FaultInterceptor.class);

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
        Closing<Q, S> closing = new Closing<>(call);
        try {
            return new Guarded<>(next.startCall(closing, headers), closing);
        } catch (RuntimeException e) {
            closing.fail(e);
            return new ServerCall.Listener<>() {};
        }
    }

    /** What a call that ended with this exception answers. */
    public static StatusRuntimeException toStatusException(String method, Throwable thrown) {
        return switch (thrown) {
            case Fault fault -> Faults.toException(fault);
            case StatusRuntimeException status -> status;
            case CompletionException wrapped when wrapped.getCause() != null ->
                    toStatusException(method, wrapped.getCause());
            default -> {
                String incident = Long.toHexString(ThreadLocalRandom.current().nextLong());
                log.error("method={} incident={}: defect", method, incident, thrown);
                yield Status.INTERNAL
                        .withDescription("internal error, incident " + incident)
                        .asRuntimeException();
            }
        };
    }

    /** Remembers whether the call was closed, because closing twice is an error. */
    private static final class Closing<Q, S> extends SimpleForwardingServerCall<Q, S> {
        private boolean closed;

        Closing(ServerCall<Q, S> call) {
            super(call);
        }

        @Override
        public synchronized void close(Status status, Metadata trailers) {
            if (closed) {
                return;
            }
            closed = true;
            boolean defect = status.getCode() == Status.Code.UNKNOWN && status.getCause() != null;
            if (defect) {
                StatusRuntimeException exception =
                        toStatusException(
                                getMethodDescriptor().getFullMethodName(), status.getCause());
                super.close(exception.getStatus(), trailersOf(exception));
            } else {
                super.close(shortened(status), trailers);
            }
        }

        /** Services of libraries repeat what they were sent, of any length. */
        private static Status shortened(Status status) {
            String description = status.getDescription();
            return description == null ? status : status.withDescription(Faults.cut(description));
        }

        void fail(RuntimeException e) {
            StatusRuntimeException exception =
                    toStatusException(getMethodDescriptor().getFullMethodName(), e);
            close(exception.getStatus(), trailersOf(exception));
        }

        private static Metadata trailersOf(StatusRuntimeException exception) {
            Metadata trailers = exception.getTrailers();
            return trailers == null ? new Metadata() : trailers;
        }
    }

    private static final class Guarded<Q, S> extends SimpleForwardingServerCallListener<Q> {
        private final Closing<Q, S> call;

        Guarded(ServerCall.Listener<Q> delegate, Closing<Q, S> call) {
            super(delegate);
            this.call = call;
        }

        @Override
        public void onMessage(Q message) {
            guard(() -> super.onMessage(message));
        }

        @Override
        public void onHalfClose() {
            guard(super::onHalfClose);
        }

        @Override
        public void onReady() {
            guard(super::onReady);
        }

        private void guard(Runnable step) {
            try {
                step.run();
            } catch (RuntimeException e) {
                call.fail(e);
            }
        }
    }
}
