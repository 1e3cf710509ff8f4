package io.hypervisor.controller.store.history;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.StoreException.Kind;
import io.hypervisor.controller.store.Term;
import io.hypervisor.controller.store.history.History.Applied;
import io.hypervisor.controller.store.history.History.Commit;
import io.hypervisor.controller.store.history.History.Delivery;
import io.hypervisor.controller.store.history.History.Failed;
import io.hypervisor.controller.store.history.History.Forgotten;
import io.hypervisor.controller.store.history.History.Load;
import io.hypervisor.controller.store.history.History.Outcome;
import io.hypervisor.controller.store.history.History.Reign;
import io.hypervisor.controller.store.history.History.Watched;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/** Calls stores and writes down what was called, when, and what came back. */
final class Recording {
    private final Store.Loaded start;
    private final AtomicLong order = new AtomicLong();
    private final Queue<Commit> commits = new ConcurrentLinkedQueue<>();
    private final Queue<Load> loads = new ConcurrentLinkedQueue<>();
    private final Queue<Watching> watchings = new ConcurrentLinkedQueue<>();
    private final Queue<Forgotten> forgotten = new ConcurrentLinkedQueue<>();
    private final AtomicLong calls = new AtomicLong();
    // The same text comes back from a store thousands of times; one copy of it is enough.
    private final ConcurrentMap<ByteString, ByteString> values = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, String> keys = new ConcurrentHashMap<>();

    /** A recording over a store that holds this. */
    Recording(Store.Loaded start) {
        this.start = start;
        start.entries().forEach(entry -> remember(entry.key(), Optional.of(entry.value())));
    }

    private void remember(String key, Optional<ByteString> value) {
        keys.putIfAbsent(key, key);
        value.ifPresent(one -> values.putIfAbsent(one, one));
    }

    /** The revision at which it began. */
    long start() {
        return start.revision();
    }

    /** Whether every open subscription has told everything up to a revision. */
    boolean caughtUp(long revision) {
        return watchings.stream().allMatch(watching -> watching.caughtUp(revision));
    }

    /** How many calls have ended. */
    long calls() {
        return calls.get();
    }

    Outcome commit(Store store, String candidate, Term term, List<Store.Write> writes) {
        writes.forEach(write -> remember(write.key(), write.value()));
        long began = order.incrementAndGet();
        Outcome outcome;
        try {
            outcome = new Applied(store.commit(term, writes));
        } catch (StoreException e) {
            outcome = new Failed(e.kind());
        }
        boolean open = outcome instanceof Failed(var kind) && kind == Kind.AMBIGUOUS;
        long ended = open ? History.NEVER : order.incrementAndGet();
        commits.add(new Commit(candidate, began, ended, writes, outcome));
        calls.incrementAndGet();
        return outcome;
    }

    /** What was loaded; nothing if the store was out of reach. */
    Optional<Store.Loaded> load(Store store) {
        long began = order.incrementAndGet();
        try {
            Store.Loaded loaded = store.load();
            long ended = order.incrementAndGet();
            Store.Loaded thin = thin(loaded);
            loads.add(new Load(began, ended, thin));
            return Optional.of(thin);
        } catch (StoreException e) {
            return Optional.empty();
        } finally {
            calls.incrementAndGet();
        }
    }

    Watching watch(Store store, long after) {
        Watching watching = new Watching(store, after);
        watchings.add(watching);
        watching.begin();
        calls.incrementAndGet();
        return watching;
    }

    /** Ends the subscriptions of a connection that is no more. */
    void leave(Store store) {
        watchings.stream()
                .filter(watching -> watching.store.equals(store))
                .forEach(Watching::close);
    }

    /** Changes up to this revision may be gone from now on. */
    void forget(long revision) {
        forgotten.add(new Forgotten(order.incrementAndGet(), revision));
    }

    private Store.Loaded thin(Store.Loaded loaded) {
        return new Store.Loaded(
                loaded.revision(),
                loaded.entries().stream()
                        .map(
                                entry ->
                                        new Store.Stored(
                                                key(entry.key()),
                                                value(entry.value()),
                                                entry.revision()))
                        .toList());
    }

    private Store.Change thin(Store.Change change) {
        return new Store.Change(
                change.revision(),
                change.writes().stream()
                        .map(
                                write ->
                                        new Store.Write(
                                                key(write.key()), write.value().map(this::value)))
                        .toList());
    }

    private String key(String key) {
        return keys.getOrDefault(key, key);
    }

    private ByteString value(ByteString value) {
        return values.getOrDefault(value, value);
    }

    /** How often each outcome occurred, for people. */
    String summary() {
        Map<Kind, Integer> failures = new EnumMap<>(Kind.class);
        for (Commit commit : commits) {
            if (commit.outcome() instanceof Failed(var kind)) {
                failures.merge(kind, 1, Integer::sum);
            }
        }
        long delivered = watchings.stream().mapToLong(Watching::count).sum();
        long lost = watchings.stream().filter(Watching::isLost).count();
        return "commits=%d %s loads=%d subscriptions=%d lost=%d delivered=%d"
                .formatted(
                        commits.size(), failures, loads.size(), watchings.size(), lost, delivered);
    }

    /** Everything so far, beside what really happened. */
    History history(Collection<Store.Change> truth, Collection<Reign> reigns) {
        return new History(
                start,
                truth.stream().map(this::thin).toList(),
                commits,
                loads,
                watchings.stream().map(Watching::watched).toList(),
                forgotten,
                reigns);
    }

    /** A subscription and what it has told. */
    final class Watching implements Store.ChangeListener, AutoCloseable {
        private final Store store;
        private final long after;
        private final List<Delivery> deliveries = new ArrayList<>();
        private Optional<Long> lostAt = Optional.empty();
        private Store.Subscription subscription = () -> {};
        private boolean closed;

        private Watching(Store store, long after) {
            this.store = store;
            this.after = after;
        }

        private void begin() {
            try {
                Store.Subscription begun = store.changes(after, this);
                synchronized (this) {
                    subscription = begun;
                }
            } catch (StoreException e) {
                close();
            }
        }

        @Override
        public void changed(Store.Change change) {
            long at = order.incrementAndGet();
            Store.Change thin = thin(change);
            synchronized (this) {
                deliveries.add(new Delivery(at, thin));
            }
        }

        @Override
        public synchronized void lost(StoreException cause) {
            lostAt = Optional.of(order.incrementAndGet());
        }

        synchronized boolean isLost() {
            return lostAt.isPresent();
        }

        synchronized int count() {
            return deliveries.size();
        }

        private synchronized boolean caughtUp(long revision) {
            return closed || lostAt.isPresent() || position() >= revision;
        }

        /** The last revision that was told. */
        synchronized long position() {
            return deliveries.isEmpty() ? after : deliveries.getLast().change().revision();
        }

        /** Ends it early, so that it need not see everything. */
        @Override
        public void close() {
            Store.Subscription open;
            synchronized (this) {
                closed = true;
                open = subscription;
            }
            open.close();
        }

        private synchronized Watched watched() {
            return new Watched(after, List.copyOf(deliveries), lostAt, !closed);
        }
    }
}
