package io.hypervisor.controller.edge;

import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A list of resources in the order of their ids, of which a page is asked for.
 *
 * @param <T> the resource
 */
final class Listing<T> {
    private final Function<String, Stream<String>> idsAfter;
    private final int size;
    private final Function<String, T> view;
    private final Function<T, String> key;
    private final Predicate<T> test;
    private final boolean filtered;

    private Listing(
            Function<String, Stream<String>> idsAfter,
            int size,
            Function<String, T> view,
            Function<T, String> key,
            Predicate<T> test,
            boolean filtered) {
        this.idsAfter = idsAfter;
        this.size = size;
        this.view = view;
        this.key = key;
        this.test = test;
        this.filtered = filtered;
    }

    /**
     * All of a table.
     *
     * @param view the resource of an id
     */
    static <T> Listing<T> of(
            NavigableMap<String, ?> table, Function<String, T> view, Function<T, String> key) {
        return new Listing<>(
                after -> (after.isEmpty() ? table : table.tailMap(after, false)).keySet().stream(),
                table.size(),
                view,
                key,
                item -> true,
                false);
    }

    /** Those of these ids. */
    static <T> Listing<T> of(
            NavigableSet<String> ids, Function<String, T> view, Function<T, String> key) {
        return new Listing<>(
                after -> (after.isEmpty() ? ids : ids.tailSet(after, false)).stream(),
                ids.size(),
                view,
                key,
                item -> true,
                false);
    }

    /** Those of this list that pass. */
    Listing<T> where(Predicate<T> more) {
        return new Listing<>(idsAfter, size, view, key, test.and(more), true);
    }

    /** The page at the cursor. */
    Pages.Page<T> page(Pages.Cursor cursor) {
        return cursor.take(from(cursor.after()).iterator(), key);
    }

    /** How many there are on all pages together. */
    int count() {
        return filtered ? (int) from("").count() : size;
    }

    private Stream<T> from(String after) {
        return idsAfter.apply(after).map(view).filter(test);
    }
}
