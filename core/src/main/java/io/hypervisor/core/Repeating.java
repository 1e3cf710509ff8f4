package io.hypervisor.core;

import java.time.Duration;
import java.util.concurrent.Executor;

/** A task that sets its own timer again after each run. */
final class Repeating implements Tasks.Timer {
    private final Tasks tasks;
    private final Duration period;
    private final Executor executor;
    private final Runnable task;
    private Tasks.Timer next = () -> {};
    private boolean cancelled;

    private Repeating(Tasks tasks, Duration period, Executor executor, Runnable task) {
        this.tasks = tasks;
        this.period = period;
        this.executor = executor;
        this.task = task;
    }

    static Tasks.Timer start(Tasks tasks, Duration period, Executor executor, Runnable task) {
        Repeating repeating = new Repeating(tasks, period, executor, task);
        repeating.arm();
        return repeating;
    }

    private synchronized void arm() {
        if (!cancelled) {
            next = tasks.after(period, executor, this::run);
        }
    }

    private void run() {
        try {
            task.run();
        } finally {
            arm();
        }
    }

    @Override
    public synchronized void cancel() {
        cancelled = true;
        next.cancel();
    }
}
