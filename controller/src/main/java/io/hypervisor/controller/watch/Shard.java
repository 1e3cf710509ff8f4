package io.hypervisor.controller.watch;

import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A share of the watchers, all run by one serial executor, which alone touches them. */
final class Shard {
    private static final Logger log = LoggerFactory.getLogger(Shard.class);

    private final WatchHub hub;
    private final Executor executor;
    private final Set<Watcher<?, ?>> watchers = new LinkedHashSet<>();
    private final AtomicBoolean woken = new AtomicBoolean();
    private boolean closed;

    Shard(WatchHub hub, Executor executor) {
        this.hub = hub;
        this.executor = executor;
    }

    Tasks.Timer tickEvery(Tasks tasks, Duration period) {
        return tasks.every(period, executor, () -> forEach(watcher -> watcher.tick(hub)));
    }

    /** Has all watchers look for changes; many calls while one is due count as one. */
    void wake() {
        if (woken.compareAndSet(false, true)) {
            executor.execute(
                    () -> {
                        woken.set(false);
                        forEach(watcher -> watcher.pump(hub));
                    });
        }
    }

    WatchHub.Handle add(Watcher<?, ?> watcher) {
        executor.execute(() -> start(watcher));
        return new WatchHub.Handle() {
            @Override
            public void wake() {
                executor.execute(() -> run(watcher, w -> w.pump(hub)));
            }

            @Override
            public void cancel() {
                executor.execute(() -> run(watcher, Watcher::cancel));
            }
        };
    }

    void close() {
        executor.execute(
                () -> {
                    closed = true;
                    forEach(Shard::shutDown);
                });
    }

    private void start(Watcher<?, ?> watcher) {
        watchers.add(watcher);
        hub.count(1);
        run(watcher, closed ? Shard::shutDown : w -> w.pump(hub));
    }

    private static void shutDown(Watcher<?, ?> watcher) {
        watcher.fail(Fault.unavailable("SHUTTING_DOWN", "this replica is shutting down"));
    }

    /** One broken stream must not take the others along. */
    private static void guarded(Watcher<?, ?> watcher, Consumer<Watcher<?, ?>> step) {
        try {
            step.accept(watcher);
        } catch (RuntimeException e) {
            log.error("watch: stream failed", e);
            watcher.cancel();
        }
    }

    private void run(Watcher<?, ?> watcher, Consumer<Watcher<?, ?>> step) {
        guarded(watcher, step);
        if (watcher.ended() && watchers.remove(watcher)) {
            hub.count(-1);
        }
    }

    private void forEach(Consumer<Watcher<?, ?>> step) {
        watchers.forEach(watcher -> guarded(watcher, step));
        watchers.removeIf(
                watcher -> {
                    if (watcher.ended()) {
                        hub.count(-1);
                    }
                    return watcher.ended();
                });
    }
}
