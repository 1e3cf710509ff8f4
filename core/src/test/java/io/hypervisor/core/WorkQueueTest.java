package io.hypervisor.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

class WorkQueueTest {
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(1), Duration.ofMillis(4));

    @AutoClose private final Tasks tasks = new VirtualTasks();

    @Test
    void aKeyAddedDuringItsPassGetsExactlyOneMorePass() {
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger passes = new AtomicInteger();
        WorkQueue<String> queue =
                queue(
                        key -> {
                            passes.incrementAndGet();
                            await().until(() -> release.getCount() == 0);
                            return Outcome.done();
                        });
        queue.add("a");
        await().until(() -> passes.get() == 1);
        for (int i = 0; i < 100; i++) {
            queue.add("a");
        }
        release.countDown();
        await().until(() -> queue.size() == 0);
        assertThat(passes).hasValue(2);
    }

    @Test
    void onePassPerKeyAtATime() {
        Map<Integer, AtomicInteger> running = new ConcurrentHashMap<>();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger passes = new AtomicInteger();
        WorkQueue<Integer> queue =
                queue(
                        key -> {
                            AtomicInteger mine =
                                    running.computeIfAbsent(key, k -> new AtomicInteger());
                            most.accumulateAndGet(mine.incrementAndGet(), Math::max);
                            Thread.onSpinWait();
                            mine.decrementAndGet();
                            passes.incrementAndGet();
                            return Outcome.done();
                        });
        for (int i = 0; i < 10_000; i++) {
            queue.add(i % 10);
        }
        await().until(() -> queue.size() == 0);
        assertThat(most).hasValue(1);
        assertThat(passes.get()).isGreaterThanOrEqualTo(10);
    }

    @Test
    void throwingAndBlockedPassesAreRepeatedUntilDone() {
        AtomicInteger passes = new AtomicInteger();
        WorkQueue<String> queue =
                queue(
                        key ->
                                switch (passes.incrementAndGet()) {
                                    case 1 -> throw new IllegalStateException("first");
                                    case 2 -> Outcome.blocked("second");
                                    case 3 -> Outcome.again(Duration.ofMillis(1));
                                    default -> Outcome.done();
                                });
        queue.add("a");
        await().until(() -> queue.size() == 0);
        assertThat(passes).hasValue(4);
    }

    @Test
    void backoffDoublesUpToItsMost() {
        Backoff backoff = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(5));
        assertThat(backoff.pause(1)).isEqualTo(Duration.ofSeconds(1));
        assertThat(backoff.pause(4)).isEqualTo(Duration.ofSeconds(8));
        assertThat(backoff.pause(10)).isEqualTo(Duration.ofMinutes(5));
        assertThat(backoff.pause(1_000_000)).isEqualTo(Duration.ofMinutes(5));
    }

    private <K> WorkQueue<K> queue(Function<K, Outcome> reconciler) {
        return new WorkQueue<>("test", tasks, BACKOFF, reconciler);
    }
}
