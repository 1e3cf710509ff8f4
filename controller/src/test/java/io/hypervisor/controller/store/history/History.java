package io.hypervisor.controller.store.history;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What was called, answered and seen in one run, and what really happened. Moments are places in
 * one order of everything; each value is written by one commit only.
 */
final class History {
    /** The end of a call whose effect may come at any time. */
    static final long NEVER = Long.MAX_VALUE;

    /** A commit. A term goes by the text of its candidate. */
    record Commit(String term, long began, long ended, List<Store.Write> writes, Outcome outcome) {
        /** The revision that it was answered, if it was. */
        Optional<Long> revision() {
            return outcome instanceof Applied(long revision)
                    ? Optional.of(revision)
                    : Optional.empty();
        }

        boolean refused() {
            return outcome instanceof Failed(var kind) && kind != StoreException.Kind.AMBIGUOUS;
        }
    }

    sealed interface Outcome {}

    record Applied(long revision) implements Outcome {}

    record Failed(StoreException.Kind kind) implements Outcome {}

    record Load(long began, long ended, Store.Loaded loaded) {}

    /** A change that a listener got. */
    record Delivery(long at, Store.Change change) {}

    /** One subscription; {@code complete} if it was to see everything up to the end. */
    record Watched(long after, List<Delivery> deliveries, Optional<Long> lostAt, boolean complete) {
        /** The last revision that it told. */
        long position() {
            return deliveries.isEmpty() ? after : deliveries.getLast().change().revision();
        }
    }

    /** From this moment on, changes up to a revision may be gone. */
    record Forgotten(long at, long revision) {}

    /** The revisions between which a term's key was there. */
    record Reign(String term, long from, long to) {}

    private final Store.Loaded start;
    private final NavigableMap<Long, Store.Change> truth = new TreeMap<>();
    private final List<Commit> commits;
    private final List<Load> loads;
    private final List<Watched> watched;
    private final List<Forgotten> forgotten;
    private final List<Reign> reigns;
    private final Map<ByteString, Commit> authors = new HashMap<>();

    History(
            Store.Loaded start,
            Collection<Store.Change> truth,
            Collection<Commit> commits,
            Collection<Load> loads,
            Collection<Watched> watched,
            Collection<Forgotten> forgotten,
            Collection<Reign> reigns) {
        this.start = start;
        truth.forEach(change -> this.truth.put(change.revision(), change));
        this.commits = List.copyOf(commits);
        this.loads = List.copyOf(loads);
        this.watched = List.copyOf(watched);
        this.forgotten = List.copyOf(forgotten);
        this.reigns = List.copyOf(reigns);
        for (Commit commit : commits) {
            for (Store.Write write : commit.writes()) {
                write.value().ifPresent(value -> authors.put(value, commit));
            }
        }
    }

    /** The state before the first revision of {@link #truth}. */
    Store.Loaded start() {
        return start;
    }

    /** What really happened, by revision. */
    NavigableMap<Long, Store.Change> truth() {
        return truth;
    }

    List<Commit> commits() {
        return commits;
    }

    List<Load> loads() {
        return loads;
    }

    List<Watched> watched() {
        return watched;
    }

    List<Forgotten> forgotten() {
        return forgotten;
    }

    /** The lives of the terms' keys, where they can be seen. */
    List<Reign> reigns() {
        return reigns;
    }

    /** The commit that wrote one of these values. */
    Optional<Commit> author(Store.Change change) {
        return change.writes().stream()
                .flatMap(write -> write.value().stream())
                .flatMap(value -> Optional.ofNullable(authors.get(value)).stream())
                .findFirst();
    }

    /** How many calls and subscriptions there were. */
    int operations() {
        return commits.size() + loads.size() + watched.size();
    }
}
