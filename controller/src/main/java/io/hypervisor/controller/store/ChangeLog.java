package io.hypervisor.controller.store;

import io.hypervisor.core.Tasks;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executor;

/**
 * The last changes of a store that lives in this process, and who follows them. Each follower reads
 * at its own pace; one that falls behind the oldest change kept has lost continuity.
 */
public final class ChangeLog implements AutoCloseable {
    private final Tasks tasks;
    private final int maxRevisions;
    private final long maxBytes;
    private final NavigableMap<Long, Store.Change> changes = new TreeMap<>();
    private final List<Follower> followers = new ArrayList<>();
    // Changes after this revision are known; guarded by this, as all fields.
    private long floor;
    private long bytes;

    /** A log that keeps this much, and knows nothing before or at the given revision. */
    public ChangeLog(Tasks tasks, int maxRevisions, long maxBytes, long revision) {
        this.tasks = tasks;
        this.maxRevisions = maxRevisions;
        this.maxBytes = maxBytes;
        this.floor = revision;
    }

    /** Adds the next change and wakes the followers. */
    public synchronized void append(Store.Change change) {
        changes.put(change.revision(), change);
        bytes += size(change);
        while (changes.size() > maxRevisions || (bytes > maxBytes && changes.size() > 1)) {
            Store.Change oldest = changes.pollFirstEntry().getValue();
            bytes -= size(oldest);
            floor = oldest.revision();
        }
        followers.forEach(Follower::wake);
    }

    /** Forgets everything up to a revision, because it is not known what happened before. */
    public synchronized void forget(long revision) {
        changes.headMap(revision, true).clear();
        bytes = changes.values().stream().mapToLong(ChangeLog::size).sum();
        floor = Math.max(floor, revision);
        followers.forEach(Follower::wake);
    }

    /** As {@link Store#changes}. */
    public synchronized Store.Subscription follow(long after, Store.ChangeListener listener) {
        Follower follower = new Follower(after, listener);
        followers.add(follower);
        follower.wake();
        return () -> end(follower);
    }

    /** Ends all subscriptions. */
    @Override
    public synchronized void close() {
        followers.forEach(follower -> follower.ended = true);
        followers.clear();
    }

    private synchronized void end(Follower follower) {
        follower.ended = true;
        followers.remove(follower);
    }

    private static long size(Store.Change change) {
        return change.writes().stream().mapToLong(Limits::bytes).sum();
    }

    /** One subscription; its fields are guarded by the log. */
    private final class Follower {
        private final Store.ChangeListener listener;
        private final Executor executor = tasks.serial("store-changes");
        private long position;
        private boolean awake;
        private boolean ended;

        Follower(long after, Store.ChangeListener listener) {
            this.position = after;
            this.listener = listener;
        }

        void wake() {
            if (!awake) {
                awake = true;
                executor.execute(this::run);
            }
        }

        private void run() {
            for (Optional<Runnable> call = next(); call.isPresent(); call = next()) {
                call.get().run();
            }
        }

        /** The next call to the listener, made without holding the lock. */
        private Optional<Runnable> next() {
            synchronized (ChangeLog.this) {
                if (!ended && position < floor) {
                    end(this);
                    return Optional.of(() -> listener.lost(behind()));
                }
                var next = ended ? null : changes.higherEntry(position);
                awake = next != null;
                if (next == null) {
                    return Optional.empty();
                }
                position = next.getKey();
                return Optional.of(() -> listener.changed(next.getValue()));
            }
        }

        private StoreException behind() {
            return new StoreException(
                    StoreException.Kind.UNAVAILABLE,
                    "changes after revision " + position + " are no longer kept",
                    null);
        }
    }
}
