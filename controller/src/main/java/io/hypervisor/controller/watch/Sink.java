package io.hypervisor.controller.watch;

import io.hypervisor.core.Fault;

/** Where a watcher's events go. Called from one thread at a time; never blocks. */
public interface Sink<E> {
    /** Whether the reader keeps up: an event sent now is not merely buffered. */
    boolean ready();

    /** Sends an event. */
    void send(E event);

    /** Ends the stream well. */
    void complete();

    /** Ends the stream with a fault. */
    void fail(Fault fault);
}
