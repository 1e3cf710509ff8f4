package io.hypervisor.controller.watch;

import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which resources a watcher sees.
 *
 * @param ids only these; empty: all
 * @param single the one resource the stream is about: it ends when that is gone
 * @param test what else has to hold
 */
public record Filter<T>(Set<String> ids, Optional<String> single, Predicate<T> test) {
    /** Copies the ids. */
    public Filter {
        ids = Set.copyOf(ids);
    }

    /** All resources that pass a test. */
    public static <T> Filter<T> where(Predicate<T> test) {
        return new Filter<>(Set.of(), Optional.empty(), test);
    }

    /** These resources, if they pass a test; none given: all. */
    public static <T> Filter<T> of(Set<String> ids, Predicate<T> test) {
        return new Filter<>(ids, Optional.empty(), test);
    }

    /** One resource that exists. */
    public static <T> Filter<T> single(String id, Predicate<T> test) {
        return new Filter<>(Set.of(id), Optional.of(id), test);
    }

    boolean passes(String id, T resource) {
        return (ids.isEmpty() || ids.contains(id)) && test.test(resource);
    }
}
