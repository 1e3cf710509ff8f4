package io.hypervisor.controller.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts through whichever replica leads, and keeps account of what it was told. */
final class Tally {
    private final List<Replica> replicas;
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final AtomicInteger unknown = new AtomicInteger();

    Tally(List<Replica> replicas) {
        this.replicas = replicas;
    }

    /** So many clients get so many acknowledgements each; trouble comes three times between. */
    void run(Tasks tasks, int clients, int each, Runnable trouble) {
        CountDownLatch left = new CountDownLatch(clients);
        for (int i = 0; i < clients; i++) {
            tasks.concurrent("client").execute(() -> client(each, left));
        }
        for (int quarter = 1; quarter <= 3; quarter++) {
            int due = clients * each * quarter / 4;
            await().atMost(Duration.ofSeconds(60)).until(() -> acknowledged.get() >= due);
            trouble.run();
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> left.getCount() == 0);
    }

    private void client(int each, CountDownLatch left) {
        int done = 0;
        while (done < each) {
            for (Replica replica : replicas) {
                if (replica.leading() && count(replica)) {
                    done++;
                }
            }
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> replicas.stream().anyMatch(Replica::leading));
        }
        left.countDown();
    }

    private boolean count(Replica replica) {
        try {
            replica.submit(Counter.add("x")).join();
            acknowledged.incrementAndGet();
            return true;
        } catch (CompletionException e) {
            if (e.getCause() instanceof Fault fault && fault.reason().equals("COMMIT_UNKNOWN")) {
                unknown.incrementAndGet();
            }
            return false;
        }
    }

    void assertStored(long stored) {
        int least = acknowledged.get();
        assertThat(stored).isBetween((long) least, (long) least + unknown.get());
    }
}
