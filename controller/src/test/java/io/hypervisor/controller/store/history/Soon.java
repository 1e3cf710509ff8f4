package io.hypervisor.controller.store.history;

import static org.awaitility.Awaitility.await;

import org.awaitility.core.ConditionTimeoutException;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for what may happen or not. */
final class Soon {
    private static final Duration POLL = Duration.ofMillis(5);

    private Soon() {}

    /** Whether it came true in time. */
    static boolean is(Duration atMost, Callable<Boolean> condition) {
        try {
            await().pollDelay(Duration.ZERO).pollInterval(POLL).atMost(atMost).until(condition);
            return true;
        } catch (ConditionTimeoutException e) {
            return false;
        }
    }
}
