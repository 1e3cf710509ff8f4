package io.hypervisor.controller.watch;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.NetworkEvent;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.micrometer.core.instrument.MeterRegistry;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

/** Passes the replica's changes on to any number of watchers. */
public final class WatchHub implements ChangeListener, AutoCloseable {
    /** About a minute of changes at full speed; some 100 MB when every one changes an instance. */
    public static final int RING_CAPACITY = 100_000;

    // Sending costs processor time alone, so more would only add switching.
    private static final int SHARDS = 4;

    private final Clock clock;
    private final Kind<Instance, InstanceEvent> instances = new Kind.Instances();
    private final Kind<Node, NodeEvent> nodes = new Kind.Nodes();
    private final Kind<NetworkItem, NetworkEvent> network = new Kind.Network();
    private final List<Shard> shards;
    private final List<Tasks.Timer> ticks;
    private final AtomicInteger watchers = new AtomicInteger();
    private final AtomicInteger turn = new AtomicInteger();

    private final ReentrantLock lock = new ReentrantLock();
    private final Ring ring;
    private Snapshot current;

    /** What a watcher finds at its cursor. */
    sealed interface Next {
        /** A change. */
        record Come(Change change) implements Next {}

        /** None yet: it has seen all that made this snapshot. */
        record None(Snapshot now) implements Next {}

        /** It is no longer kept. */
        record Lost() implements Next {}
    }

    /** A stream's end of the subscription. */
    public interface Handle {
        /** The sink has become ready. */
        void wake();

        /** The reader is gone. */
        void cancel();
    }

    /**
     * A hub that knows nothing until its first {@link #reset}.
     *
     * @param capacity how many changed resources are kept for readers to catch up with
     * @param bookmarks how long a stream is idle before it gets a bookmark; at most twice as long
     */
    public WatchHub(
            int capacity, Duration bookmarks, Clock clock, Tasks tasks, MeterRegistry metrics) {
        this.clock = clock;
        this.ring = new Ring(capacity, 0);
        this.current = Snapshot.empty();
        this.shards =
                IntStream.range(0, SHARDS)
                        .mapToObj(i -> new Shard(this, tasks.serial("watch-" + i)))
                        .toList();
        this.ticks = shards.stream().map(shard -> shard.tickEvery(tasks, bookmarks)).toList();
        metrics.gauge("hypervisor.watch.watchers", watchers);
    }

    // On the committing thread, so that a hub that cannot keep up slows commits, not memory.
    @Override
    public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
        Change change = Changes.between(before, after, edits, clock.timestamp());
        lock.lock();
        try {
            if (change.size() > 0) {
                ring.add(change);
            }
            current = after;
        } finally {
            lock.unlock();
        }
        if (change.size() > 0) {
            shards.forEach(Shard::wake);
        }
    }

    /** Goes on from a snapshot that changes were missed before: every stream ends. */
    @Override
    public void reset(Snapshot after) {
        lock.lock();
        try {
            ring.restart(after.revision());
            current = after;
        } finally {
            lock.unlock();
        }
        shards.forEach(Shard::wake);
    }

    /** Starts a stream of instances; {@code resume} 0 starts anew. */
    public Handle watchInstances(Filter<Instance> filter, long resume, Sink<InstanceEvent> sink) {
        return watch(instances, filter, resume, sink);
    }

    /** Starts a stream of nodes; {@code resume} 0 starts anew. */
    public Handle watchNodes(Filter<Node> filter, long resume, Sink<NodeEvent> sink) {
        return watch(nodes, filter, resume, sink);
    }

    /** Starts a stream of the network's resources; {@code resume} 0 starts anew. */
    public Handle watchNetwork(Filter<NetworkItem> filter, long resume, Sink<NetworkEvent> sink) {
        return watch(network, filter, resume, sink);
    }

    private <T, E> Handle watch(Kind<T, E> kind, Filter<T> filter, long resume, Sink<E> sink) {
        Watcher<T, E> watcher;
        lock.lock();
        try {
            watcher =
                    resume == 0
                            ? Watcher.anew(kind, filter, sink, clock, current, ring.end())
                            : Watcher.resumed(kind, filter, sink, clock, firstAfter(resume));
        } finally {
            lock.unlock();
        }
        return shards.get(Math.floorMod(turn.getAndIncrement(), SHARDS)).add(watcher);
    }

    private long firstAfter(long revision) {
        if (revision > current.revision()) {
            throw Fault.of(
                    Fault.Kind.OUT_OF_RANGE,
                    "REVISION_NOT_REACHED",
                    "resume_revision: value: "
                            + revision
                            + " (expected: at most "
                            + current.revision()
                            + ", the newest revision here)");
        }
        return ring.after(revision)
                .orElseThrow(
                        () ->
                                Fault.of(
                                        Fault.Kind.OUT_OF_RANGE,
                                        "REVISION_TOO_OLD",
                                        "resume_revision: value: "
                                                + revision
                                                + " (expected: at"
                                                + " least "
                                                + ring.floor()
                                                + ", the oldest revision that is kept)"));
    }

    Next next(long number) {
        lock.lock();
        try {
            if (ring.dropped(number)) {
                return new Next.Lost();
            }
            return ring.get(number)
                    .<Next>map(Next.Come::new)
                    .orElseGet(() -> new Next.None(current));
        } finally {
            lock.unlock();
        }
    }

    void count(int more) {
        watchers.addAndGet(more);
    }

    /** Ends every stream; its reader resumes at another replica, or here later. */
    @Override
    public void close() {
        ticks.forEach(Tasks.Timer::cancel);
        shards.forEach(Shard::close);
    }
}
