package io.hypervisor.controller.edge;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.controller.watch.Sink;
import io.hypervisor.controller.watch.WatchHub;
import io.hypervisor.core.Fault;
import io.hypervisor.core.server.Faults;

import java.util.function.Function;

/** Sends a watcher's events to a caller. */
final class EventSink<E> implements Sink<E> {
    private final ServerCallStreamObserver<E> caller;

    private EventSink(ServerCallStreamObserver<E> caller) {
        this.caller = caller;
    }

    /** Starts a watch for a caller, and ends it with the call. */
    static <E> void connect(StreamObserver<E> observer, Function<Sink<E>, WatchHub.Handle> watch) {
        ServerCallStreamObserver<E> caller = (ServerCallStreamObserver<E>) observer;
        // grpc calls the handlers on this call's own thread, so after this method alone.
        WatchHub.Handle handle = watch.apply(new EventSink<>(caller));
        caller.setOnReadyHandler(handle::wake);
        caller.setOnCancelHandler(handle::cancel);
    }

    @Override
    public boolean ready() {
        return caller.isReady();
    }

    @Override
    public void send(E event) {
        caller.onNext(event);
    }

    @Override
    public void complete() {
        caller.onCompleted();
    }

    @Override
    public void fail(Fault fault) {
        caller.onError(Faults.toException(fault));
    }
}
