package io.hypervisor.controller.commit;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/** A store that fails when told to, and counts commits. */
public final class FaultyStore implements Store {
    /** What goes wrong. */
    public enum Mishap {
        /** Written, but the caller hears AMBIGUOUS. */
        WRITTEN_UNHEARD,
        /** Not written, and the caller hears AMBIGUOUS. */
        UNWRITTEN_UNHEARD,
        /** Not written, and the caller knows it. */
        REFUSED
    }

    private final Store store;
    private final Queue<Mishap> next = new ArrayDeque<>();
    private final AtomicInteger commits = new AtomicInteger();
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
    private volatile boolean loadFails;
    private volatile Optional<ChangeListener> follower = Optional.empty();

    public FaultyStore(Store store) {
        this.store = store;
    }

    /** The next commits go wrong like this. */
    public synchronized void mishaps(List<Mishap> mishaps) {
        next.addAll(mishaps);
    }

    public void failLoads(boolean fail) {
        loadFails = fail;
    }

    /** How many commits reached the store. */
    public int commits() {
        return commits.get();
    }

    /** Tells whoever follows of a change that this store does not have. */
    public void announce(Change change) {
        follower.orElseThrow().changed(change);
    }

    /** Holds commits back until {@link #release}, on the same thread. */
    public void hold() {
        gate.writeLock().lock();
    }

    /** Whether a commit has come as far as the gate. */
    public boolean isWaitedFor() {
        return gate.hasQueuedThreads();
    }

    /** Does nothing if nothing is held. */
    public void release() {
        if (gate.isWriteLockedByCurrentThread()) {
            gate.writeLock().unlock();
        }
    }

    @Override
    public Loaded load() {
        if (loadFails) {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "told to fail", null);
        }
        return store.load();
    }

    @Override
    public long commit(Term term, List<Write> writes) {
        gate.readLock().lock();
        try {
            return commitNow(term, writes);
        } finally {
            gate.readLock().unlock();
        }
    }

    private long commitNow(Term term, List<Write> writes) {
        Mishap mishap;
        synchronized (this) {
            mishap = next.poll();
        }
        if (mishap == Mishap.REFUSED) {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "told to fail", null);
        }
        if (mishap == Mishap.UNWRITTEN_UNHEARD) {
            throw new StoreException(StoreException.Kind.AMBIGUOUS, "told to fail", null);
        }
        long revision = store.commit(term, writes);
        commits.incrementAndGet();
        if (mishap == Mishap.WRITTEN_UNHEARD) {
            throw new StoreException(StoreException.Kind.AMBIGUOUS, "told to fail", null);
        }
        return revision;
    }

    @Override
    public Subscription changes(long after, ChangeListener listener) {
        follower = Optional.of(listener);
        return store.changes(after, listener);
    }

    @Override
    public Subscription campaign(String candidate, Consumer<Term> won) {
        return store.campaign(candidate, won);
    }

    @Override
    public void close() {
        store.close();
    }
}
