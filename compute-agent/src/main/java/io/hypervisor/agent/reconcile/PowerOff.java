package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.WorkQueue;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ends everything that runs, all at once. Wants stay as they are, so the next agent starts it
 * again.
 */
final class PowerOff {
    private static final Logger log = LoggerFactory.getLogger(PowerOff.class);

    private final Tasks tasks;
    private final Duration grace;
    private final Duration patience;

    /** Guests get {@code grace} to stop by themselves. */
    PowerOff(Tasks tasks, Duration grace) {
        this.tasks = tasks;
        this.grace = grace;
        // Threads are fewer than instances may be, so some wait for their turn.
        this.patience = grace.multipliedBy(2).plusSeconds(30);
    }

    /** Lets passes that run come to their end: one of them may be starting an instance. */
    void waitFor(WorkQueue<?> queue) {
        try {
            if (!queue.awaitIdle(patience)) {
                log.warn("passes={}: still run at exit", queue.size());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends what really runs, not what was last known to. */
    void stop(List<InstanceDriver> drivers) {
        Map<Found, InstanceDriver> running = new HashMap<>();
        for (InstanceDriver driver : drivers) {
            try {
                driver.list().stream()
                        .filter(f -> f.state() != Found.State.STOPPED)
                        .forEach(f -> running.put(f, driver));
            } catch (DriverException e) {
                log.warn("driver={}: cannot list at exit: {}", driver.type(), e.getMessage());
            }
        }
        CountDownLatch left = new CountDownLatch(running.size());
        running.forEach(
                (found, driver) ->
                        tasks.concurrent("power-off")
                                .execute(() -> stopOne(driver, found.instanceId(), left)));
        await(left);
    }

    private void stopOne(InstanceDriver driver, String id, CountDownLatch left) {
        try {
            driver.stop(id, grace);
        } catch (DriverException e) {
            log.warn("instance={}: not stopped at exit: {}", id, e.getMessage());
        } finally {
            left.countDown();
        }
    }

    private void await(CountDownLatch left) {
        try {
            if (!left.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("left={}: instances that did not stop in time", left.getCount());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
