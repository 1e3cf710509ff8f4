package io.hypervisor.controller.commit;

import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Who waits for a revision. */
final class Waiters {
    // As many as there may be connections waiting; more is not a load that waiting would cure.
    private static final int MAX = 10_000;

    /** Not a record: two waiters for one revision are two. */
    private static final class Waiter {
        final long revision;
        final CompletableFuture<Snapshot> future = new CompletableFuture<>();

        Waiter(long revision) {
            this.revision = revision;
        }
    }

    private final Executor answers;
    private final List<Waiter> waiting = new ArrayList<>();

    Waiters(Executor answers) {
        this.answers = answers;
    }

    /** {@code published} is read under the lock, so that no publication is missed. */
    CompletableFuture<Snapshot> await(long revision, Supplier<Snapshot> published) {
        Waiter waiter = new Waiter(revision);
        synchronized (this) {
            Snapshot now = published.get();
            if (now.revision() >= revision) {
                return CompletableFuture.completedFuture(now);
            }
            if (waiting.size() >= MAX) {
                return CompletableFuture.failedFuture(
                        Fault.of(
                                Fault.Kind.RESOURCE_EXHAUSTED,
                                "TOO_MANY_REQUESTS",
                                MAX + " requests are waiting for a revision"));
            }
            waiting.add(waiter);
        }
        var _ = waiter.future.whenComplete((snapshot, failure) -> remove(waiter));
        return waiter.future;
    }

    void published(Snapshot now) {
        List<Waiter> due = take(waiter -> waiter.revision <= now.revision());
        if (!due.isEmpty()) {
            answers.execute(() -> due.forEach(waiter -> waiter.future.complete(now)));
        }
    }

    void fail(Fault fault) {
        take(waiter -> true).forEach(waiter -> waiter.future.completeExceptionally(fault));
    }

    private synchronized List<Waiter> take(Predicate<Waiter> which) {
        List<Waiter> taken = waiting.stream().filter(which).toList();
        waiting.removeAll(taken);
        return taken;
    }

    private synchronized void remove(Waiter waiter) {
        waiting.remove(waiter);
    }
}
