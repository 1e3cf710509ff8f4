package io.hypervisor.controller.store.history;

import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Time and tasks of a process that can be stopped, except for the calls that others make: while it
 * is frozen, its clock stands still and none of its tasks begins. So a candidate believes in its
 * term long after etcd has ended it.
 */
final class Freezer {
    private final Tasks tasks;
    private CompletableFuture<Void> thawed = CompletableFuture.completedFuture(null);
    private long lost;
    private long frozenAt;

    Freezer(Tasks tasks) {
        this.tasks = tasks;
    }

    synchronized void freeze() {
        thawed = new CompletableFuture<>();
        frozenAt = System.nanoTime();
    }

    synchronized void thaw() {
        lost += System.nanoTime() - frozenAt;
        thawed.complete(null);
    }

    private synchronized long nanos() {
        return (thawed.isDone() ? System.nanoTime() : frozenAt) - lost;
    }

    private synchronized CompletableFuture<Void> thawed() {
        return thawed;
    }

    Clock clock() {
        return new Clock() {
            @Override
            public Instant now() {
                return Clock.system().now();
            }

            @Override
            public long nanos() {
                return Freezer.this.nanos();
            }
        };
    }

    Tasks tasks() {
        return new Tasks() {
            @Override
            public Executor concurrent(String name) {
                return gated(tasks.concurrent(name));
            }

            @Override
            public Executor serial(String name) {
                return gated(tasks.serial(name));
            }

            @Override
            public Timer after(Duration delay, Executor executor, Runnable task) {
                return tasks.after(delay, executor, task);
            }

            @Override
            public void close() {
                tasks.close();
            }
        };
    }

    private Executor gated(Executor executor) {
        return task ->
                executor.execute(
                        () -> {
                            thawed().join();
                            task.run();
                        });
    }
}
