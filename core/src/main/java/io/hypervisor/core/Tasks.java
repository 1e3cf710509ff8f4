package io.hypervisor.core;

import java.time.Duration;
import java.util.concurrent.Executor;

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

    @Override
    void close();

    /** A task that has not run yet. */
    interface Timer {
        /** Keeps it from running, if it has not begun. */
        void cancel();
    }
}
