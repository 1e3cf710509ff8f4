package io.hypervisor.controller.watch;

import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A reader in memory that can stall. */
final class Reader<E> implements Sink<E> {
    private final List<E> got = new ArrayList<>();
    private Optional<Fault> fault = Optional.empty();
    private Optional<WatchHub.Handle> handle = Optional.empty();
    private boolean stalled;
    private boolean completed;

    void of(WatchHub.Handle newHandle) {
        handle = Optional.of(newHandle);
    }

    void stall(boolean now) {
        stalled = now;
        if (!now) {
            handle.ifPresent(WatchHub.Handle::wake);
        }
    }

    List<E> got() {
        return List.copyOf(got);
    }

    void clear() {
        got.clear();
    }

    Optional<Fault> fault() {
        return fault;
    }

    boolean completed() {
        return completed;
    }

    @Override
    public boolean ready() {
        return !stalled;
    }

    @Override
    public void send(E event) {
        if (completed || fault.isPresent()) {
            throw new IllegalStateException("sent after the end");
        }
        got.add(event);
    }

    @Override
    public void complete() {
        completed = true;
    }

    @Override
    public void fail(Fault newFault) {
        fault = Optional.of(newFault);
    }
}
