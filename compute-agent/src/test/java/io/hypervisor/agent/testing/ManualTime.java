package io.hypervisor.agent.testing;

import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;

/**
 * A clock and tasks that stand still until the test lets time pass. Tasks run on the test's thread,
 * in the order they came, and must not block.
 */
public final class ManualTime implements Clock, Tasks {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final Deque<Runnable> ready = new ArrayDeque<>();
    private final PriorityQueue<Due> timers =
            new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparingLong(Due::number));
    private long nanos;
    private long number;

    private record Due(long at, long number, Runnable task) {}

    @Override
    public Instant now() {
        return START.plusNanos(nanos);
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public Executor concurrent(String name) {
        return ready::add;
    }

    @Override
    public Executor serial(String name) {
        return ready::add;
    }

    @Override
    public Timer after(Duration delay, Executor executor, Runnable task) {
        Due due =
                new Due(
                        nanos + Math.max(0, delay.toNanos()),
                        number++,
                        () -> executor.execute(task));
        timers.add(due);
        return () -> timers.remove(due);
    }

    @Override
    public void close() {
        ready.clear();
        timers.clear();
    }

    /** Runs what is due now, and what that makes due now. */
    public void settle() {
        pass(Duration.ZERO);
    }

    /** Lets time pass, running what falls due at its time. */
    public void pass(Duration duration) {
        long until = nanos + duration.toNanos();
        while (true) {
            for (Runnable task = ready.poll(); task != null; task = ready.poll()) {
                task.run();
            }
            Due next = timers.peek();
            if (next == null || next.at() > until) {
                break;
            }
            timers.remove();
            nanos = Math.max(nanos, next.at());
            next.task().run();
        }
        nanos = until;
    }
}
