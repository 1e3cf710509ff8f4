package io.hypervisor.controller.store;

import com.google.protobuf.ByteString;

import io.hypervisor.core.Tasks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A store in memory, for tests and simulations. It plays the server: each replica has its own
 * {@link #connect connection}.
 */
public final class MemoryStore {
    private final Election election;
    private final ChangeLog log;
    private final SortedMap<String, Store.Stored> entries = new TreeMap<>();
    private long revision;

    /** An empty store that keeps this many revisions of history. */
    public MemoryStore(Tasks tasks, int history) {
        this.election = new Election(tasks);
        this.log = new ChangeLog(tasks, history, Long.MAX_VALUE, 0);
    }

    /** A new connection; closing it ends its term, candidacies and subscriptions. */
    public Store connect() {
        return new Connection();
    }

    /** Ends the present term, as if the store had not heard of its holder for too long. */
    public void depose() {
        election.depose();
    }

    private synchronized Store.Loaded load() {
        return new Store.Loaded(revision, List.copyOf(entries.values()));
    }

    private synchronized long commit(Term term, List<Store.Write> writes) {
        Limits.check(writes);
        if (!election.holds(term)) {
            throw new StoreException(StoreException.Kind.FENCED, "the term has ended", null);
        }
        revision++;
        List<Store.Write> effective = writes.stream().filter(this::apply).toList();
        log.append(new Store.Change(revision, effective));
        return revision;
    }

    /** Whether the write changed anything. */
    private boolean apply(Store.Write write) {
        Optional<ByteString> value = write.value();
        if (value.isEmpty()) {
            return entries.remove(write.key()) != null;
        }
        entries.put(write.key(), new Store.Stored(write.key(), value.get(), revision));
        return true;
    }

    private final class Connection implements Store {
        private final List<Subscription> open = new ArrayList<>();
        private boolean closed;

        @Override
        public Loaded load() {
            requireOpen();
            return MemoryStore.this.load();
        }

        @Override
        public long commit(Term term, List<Write> writes) {
            requireOpen();
            return MemoryStore.this.commit(term, writes);
        }

        @Override
        public Subscription changes(long after, ChangeListener listener) {
            return keep(log.follow(after, listener));
        }

        @Override
        public Subscription campaign(String candidate, Consumer<Term> won) {
            return keep(election.campaign(won));
        }

        private synchronized Subscription keep(Subscription subscription) {
            open.add(subscription);
            if (closed) {
                close();
            }
            return () -> release(subscription);
        }

        private synchronized void release(Subscription subscription) {
            open.remove(subscription);
            subscription.close();
        }

        private synchronized void requireOpen() {
            if (closed) {
                throw new StoreException(
                        StoreException.Kind.UNAVAILABLE, "the connection is closed", null);
            }
        }

        @Override
        public synchronized void close() {
            closed = true;
            open.forEach(Subscription::close);
            open.clear();
        }
    }
}
