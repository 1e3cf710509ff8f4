package io.hypervisor.sim;

import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A process's timers in the form that gRPC's contexts take for their deadlines. */
final class SimScheduler extends AbstractExecutorService implements ScheduledExecutorService {
    private final Tasks tasks;

    SimScheduler(Tasks tasks) {
        this.tasks = tasks;
    }

    /** A task that runs once. */
    private static final class Once extends FutureTask<Void>
            implements RunnableScheduledFuture<Void> {
        private Tasks.Timer timer = () -> {};

        Once(Runnable task) {
            super(task, null);
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            timer.cancel();
            return super.cancel(false);
        }

        @Override
        public boolean isPeriodic() {
            return false;
        }

        @Override
        public long getDelay(TimeUnit unit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int compareTo(Delayed other) {
            throw new UnsupportedOperationException();
        }
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        Once once = new Once(task);
        once.timer =
                tasks.after(
                        Duration.ofNanos(unit.toNanos(delay)), tasks.concurrent("context"), once);
        return once;
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(
            Runnable task, long first, long period, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(
            Runnable task, long first, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void execute(Runnable task) {
        tasks.concurrent("context").execute(task);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }
}
