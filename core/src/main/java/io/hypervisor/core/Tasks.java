package io.hypervisor.core;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The only place that starts threads and timers. Closing it stops both. */
public interface Tasks extends AutoCloseable {
    /** Runs tasks concurrently; they may block. The name shows up in thread dumps. */
    Executor concurrent(String name);

    /** Runs tasks one after the other in the order they came; they may block each other. */
    Executor serial(String name);

    /**
     * Runs at most {@code threads} tasks at a time, on platform threads; more wait in order. For
     * native calls, which would pin a virtual thread's carrier.
     */
    default Executor platform(String name, int threads) {
        return concurrent(name);
    }

    /** Runs a task on {@code executor} after a delay. */
    Timer after(Duration delay, Executor executor, Runnable task);

    /** Runs a task again and again, a period after its last end, until cancelled. */
    default Timer every(Duration period, Executor executor, Runnable task) {
        return Repeating.start(this, period, executor, task);
    }

    /** Lets the calling task wait for a future, at most so long. */
    default <R> R await(CompletableFuture<R> future, Duration most)
            throws ExecutionException, InterruptedException, TimeoutException {
        return future.get(most.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    void close();

    /** A task that has not run yet. */
    interface Timer {
        /** Keeps it from running, if it has not begun. */
        void cancel();
    }
}
