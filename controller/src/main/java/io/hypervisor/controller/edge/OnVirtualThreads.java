package io.hypervisor.controller.edge;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.hypervisor.core.Tasks;

import java.util.concurrent.Executor;

/**
 * Gives calls that come over HTTP what grpc-java's own server gives: a thread that may block, and a
 * Context that is cancelled with the call.
 */
final class OnVirtualThreads implements ServerInterceptor {
    private final Tasks tasks;

    OnVirtualThreads(Tasks tasks) {
        this.tasks = tasks;
    }

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
        Hop<Q> hop = new Hop<>(tasks.serial("http-call"), Context.ROOT.withCancellation());
        hop.run(() -> hop.delegate = next.startCall(call, headers));
        return hop;
    }

    /** Hands every event over, in order. */
    private static final class Hop<Q> extends ServerCall.Listener<Q> {
        private final Executor thread;
        private final Context.CancellableContext context;
        // Set by the first task on the thread, read by later ones.
        private ServerCall.Listener<Q> delegate = new ServerCall.Listener<>() {};

        Hop(Executor thread, Context.CancellableContext context) {
            this.thread = thread;
            this.context = context;
        }

        private void run(Runnable task) {
            thread.execute(context.wrap(task));
        }

        @Override
        public void onMessage(Q message) {
            run(() -> delegate.onMessage(message));
        }

        @Override
        public void onHalfClose() {
            run(() -> delegate.onHalfClose());
        }

        @Override
        public void onReady() {
            run(() -> delegate.onReady());
        }

        @Override
        public void onComplete() {
            run(() -> delegate.onComplete());
            run(() -> context.cancel(null));
        }

        @Override
        public void onCancel() {
            // At once: a task that blocks may be waiting for just this.
            context.cancel(null);
            run(() -> delegate.onCancel());
        }
    }
}
