package io.hypervisor.core;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Tasks on virtual threads, with one platform thread for timers. */
public final class VirtualTasks implements Tasks {
    private static final Logger log = LoggerFactory.getLogger(VirtualTasks.class);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService timers = newTimers();
    private final Queue<ExecutorService> pools = new ConcurrentLinkedQueue<>();

    private static ScheduledExecutorService newTimers() {
        var pool =
                new ScheduledThreadPoolExecutor(
                        1, Thread.ofPlatform().daemon().name("timers").factory());
        pool.setRemoveOnCancelPolicy(true);
        pool.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return pool;
    }

    @Override
    public Executor concurrent(String name) {
        return task -> start(name, task);
    }

    @Override
    public Executor serial(String name) {
        return new Serial(name);
    }

    @Override
    public Executor platform(String name, int threads) {
        var factory = Thread.ofPlatform().daemon().name(name + "-", 0).factory();
        // Unbounded queue: its users bound what they submit, as with serial.
        var pool =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        30,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        factory);
        pool.allowCoreThreadTimeOut(true);
        pools.add(pool);
        return task -> {
            try {
                pool.execute(() -> guarded(name, task));
            } catch (RejectedExecutionException closed) {
                log.debug("{}: not run, tasks are closed", name);
            }
        };
    }

    @Override
    public Timer after(Duration delay, Executor executor, Runnable task) {
        try {
            ScheduledFuture<?> future =
                    timers.schedule(
                            () -> executor.execute(task), delay.toNanos(), TimeUnit.NANOSECONDS);
            return () -> future.cancel(false);
        } catch (RejectedExecutionException closed) {
            return () -> {};
        }
    }

    @Override
    public void close() {
        timers.shutdownNow();
        threads.shutdownNow();
        pools.forEach(ExecutorService::shutdownNow);
    }

    private void start(String name, Runnable task) {
        try {
            threads.execute(() -> guarded(name, task));
        } catch (RejectedExecutionException closed) {
            log.debug("{}: not run, tasks are closed", name);
        }
    }

    private static void guarded(String name, Runnable task) {
        Thread.currentThread().setName(name);
        try {
            task.run();
        } catch (RuntimeException e) {
            log.error("{}: task failed", name, e);
        }
    }

    /** Hands its queue to one virtual thread at a time. */
    private final class Serial implements Executor {
        private final String name;
        // Unbounded: its users bound what they submit (a work queue by its keys, a stream by flow
        // control).
        private final Queue<Runnable> queue = new ArrayDeque<>();
        private boolean running;

        Serial(String name) {
            this.name = name;
        }

        @Override
        public void execute(Runnable task) {
            synchronized (queue) {
                queue.add(task);
                if (running) {
                    return;
                }
                running = true;
            }
            start(name, this::drain);
        }

        private void drain() {
            for (Runnable task = next(); task != null; task = next()) {
                guarded(name, task);
            }
        }

        private Runnable next() {
            synchronized (queue) {
                Runnable task = queue.poll();
                running = task != null;
                return task;
            }
        }
    }
}
