package io.hypervisor.controller.testkit;

import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;

/** Runs everything on the test's own thread, in the order it came, when told. */
public final class ManualTasks implements Tasks {
    private final ManualClock clock;
    private final Queue<Runnable> ready = new ArrayDeque<>();
    private final List<Due> timers = new ArrayList<>();
    private long numbers;
    private boolean running;

    /** A timer; {@code number} tells equal ones apart. */
    private record Due(long number, long at, Executor executor, Runnable task) {}

    /** Tasks whose timers follow the clock. */
    public ManualTasks(ManualClock clock) {
        this.clock = clock;
    }

    /** Runs what is ready, and what becomes ready by that, until nothing is. */
    public void run() {
        if (running) {
            return;
        }
        running = true;
        try {
            for (Runnable task = ready.poll(); task != null; task = ready.poll()) {
                task.run();
            }
        } finally {
            running = false;
        }
    }

    /** Lets time pass from timer to timer, running each when it is due. */
    public void advance(Duration time) {
        long end = clock.nanos() + time.toNanos();
        run();
        for (Optional<Due> next = next(end); next.isPresent(); next = next(end)) {
            Due due = next.get();
            timers.remove(due);
            clock.advance(Duration.ofNanos(Math.max(0, due.at() - clock.nanos())));
            due.executor().execute(due.task());
            run();
        }
        clock.advance(Duration.ofNanos(end - clock.nanos()));
    }

    private Optional<Due> next(long end) {
        return timers.stream().filter(t -> t.at() <= end).min(Comparator.comparingLong(Due::at));
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
        Due due = new Due(numbers++, clock.nanos() + delay.toNanos(), executor, task);
        timers.add(due);
        return () -> timers.remove(due);
    }

    @Override
    public void close() {
        ready.clear();
        timers.clear();
    }
}
