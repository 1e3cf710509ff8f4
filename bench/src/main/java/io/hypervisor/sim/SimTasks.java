package io.hypervisor.sim;

import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;

/** Threads and timers of one process. */
final class SimTasks implements Tasks {
    private static final long LATE = 20_000;

    private final SimProcess process;

    SimTasks(SimProcess process) {
        this.process = process;
    }

    @Override
    public Executor concurrent(String name) {
        return task -> process.start(name, task);
    }

    @Override
    public Executor serial(String name) {
        return new Serial(name);
    }

    @Override
    public Timer after(Duration delay, Executor executor, Runnable task) {
        // Never early by the machine's own clock, and a little late, as timers are.
        long nanos = LATE + (long) Math.ceil(delay.toNanos() / process.machine().rate());
        Kernel.Event event =
                process.kernel()
                        .after(
                                nanos,
                                () -> {
                                    if (process.alive()) {
                                        executor.execute(task);
                                    }
                                });
        return event::cancel;
    }

    @Override
    public <R> R await(CompletableFuture<R> future, Duration most)
            throws ExecutionException, InterruptedException, TimeoutException {
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Timer timer = after(most, Runnable::run, () -> over.complete(false));
        var _ = future.whenComplete((result, failure) -> over.complete(true));
        boolean inTime = over.join();
        timer.cancel();
        if (!inTime) {
            throw new TimeoutException();
        }
        return future.get();
    }

    /** Lets the calling thread wait. */
    void pause(Duration length) {
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        after(length, Runnable::run, () -> over.complete(true));
        over.join();
    }

    @Override
    public void close() {
        process.kill();
    }

    /** One task after the other, each on a thread of its own, so that others may come between. */
    private final class Serial implements Executor {
        private final String name;
        private final Queue<Runnable> queue = new ArrayDeque<>();
        private boolean running;

        Serial(String name) {
            this.name = name;
        }

        @Override
        public void execute(Runnable task) {
            queue.add(task);
            if (!running) {
                running = true;
                process.start(name, this::one);
            }
        }

        private void one() {
            try {
                queue.remove().run();
            } finally {
                running = !queue.isEmpty();
                if (running) {
                    process.start(name, this::one);
                }
            }
        }
    }
}
