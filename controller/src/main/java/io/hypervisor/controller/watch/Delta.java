package io.hypervisor.controller.watch;

import io.hypervisor.api.v1.EventType;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * One resource before and after a change; absent where it does not exist. Never equal. {@code T}
 * resource, {@code E} event.
 */
final class Delta<T, E> {
    private final Optional<T> before;
    private final Optional<T> after;
    // Watchers of several threads write it; the later one has made an equal event.
    private volatile Optional<Told<E>> told = Optional.empty();

    private record Told<E>(EventType type, E event) {}

    Delta(Optional<T> before, Optional<T> after) {
        this.before = before;
        this.after = after;
    }

    Optional<T> before() {
        return before;
    }

    Optional<T> after() {
        return after;
    }

    /** The event of this type: the same object for all watchers, while they want the same type. */
    E event(EventType type, Supplier<E> make) {
        Optional<Told<E>> known = told.filter(last -> last.type() == type);
        if (known.isEmpty()) {
            known = Optional.of(new Told<>(type, make.get()));
            told = known;
        }
        return known.get().event();
    }
}
