package io.hypervisor.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Simulations side by side. */
class KernelTest {
    private static final int THREADS = 5;
    private static final int ROUNDS = 2000;

    private final ReentrantLock shared = new ReentrantLock();

    /** Threads that take a lock again and again; returns the trace's hash. */
    private long run() {
        Kernel kernel = new Kernel(1, new Trace(1, Trace.SILENT));
        SimProcess process = new SimMachine(kernel, "m", "10.0.0.1", 1).process();
        for (int i = 0; i < THREADS; i++) {
            String name = "t" + i;
            process.start(name, () -> lockAgainAndAgain(process, name));
        }
        kernel.run(TimeUnit.MINUTES.toNanos(1), () -> {});
        assertThat(kernel.failure()).isEmpty();
        return kernel.trace().hash();
    }

    private void lockAgainAndAgain(SimProcess process, String name) {
        for (int round = 0; round < ROUNDS; round++) {
            shared.lock();
            try {
                process.effect(name + " round " + round);
            } finally {
                shared.unlock();
            }
            process.tasks().pause(Duration.ofMillis(1));
        }
    }

    @Test
    void aLockOfTwoSimulationsChangesNeither() throws Exception {
        long alone = run();
        try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
            Future<Long> one = pool.submit(this::run);
            Future<Long> other = pool.submit(this::run);
            assertThat(one.get()).isEqualTo(alone);
            assertThat(other.get()).isEqualTo(alone);
        }
    }
}
