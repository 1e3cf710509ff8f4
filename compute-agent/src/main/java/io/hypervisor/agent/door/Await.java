package io.hypervisor.agent.door;

import io.grpc.Context;
import io.grpc.Deadline;
import io.hypervisor.agent.reconcile.Sightings;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Lets a call wait for what the node sees of an instance, at most until the call's deadline. */
final class Await {
    // For callers that set no deadline.
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Sightings sightings;
    private final Clock clock;
    private final Tasks tasks;

    Await(Sightings sightings, Clock clock, Tasks tasks) {
        this.sightings = sightings;
        this.clock = clock;
        this.tasks = tasks;
    }

    /**
     * Waits until the condition holds.
     *
     * @throws Fault DEADLINE_EXCEEDED, saying how the instance stands
     */
    void until(String id, String what, Predicate<Optional<ObservedRecord>> condition) {
        AtomicReference<CompletableFuture<Void>> news =
                new AtomicReference<>(new CompletableFuture<>());
        Consumer<String> listener =
                other -> {
                    if (other.equals(id)) {
                        news.get().complete(null);
                    }
                };
        Context.CancellationListener cancelled = context -> news.get().complete(null);
        Context context = Context.current();
        Deadline deadline =
                Optional.ofNullable(context.getDeadline()).orElseGet(() -> clock.deadline(LONGEST));
        sightings.listen(listener);
        context.addListener(cancelled, Runnable::run);
        try {
            while (true) {
                // Before looking, so that no news falls in between.
                CompletableFuture<Void> next = new CompletableFuture<>();
                news.set(next);
                if (condition.test(sightings.get(id))) {
                    return;
                }
                if (context.isCancelled()) {
                    throw tooLate(id, what);
                }
                tasks.await(next, Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)));
            }
        } catch (TimeoutException | ExecutionException e) {
            throw tooLate(id, what);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.unavailable("STOPPING", "the agent stops");
        } finally {
            context.removeListener(cancelled);
            sightings.unlisten(listener);
        }
    }

    private Fault tooLate(String id, String what) {
        String state =
                sightings
                        .get(id)
                        .map(s -> s.getState() + " " + s.getStateReason())
                        .orElse("not seen yet");
        return Fault.of(
                Fault.Kind.DEADLINE_EXCEEDED,
                "NOT_YET",
                "instance "
                        + id
                        + ": state: "
                        + state.strip()
                        + " (expected: "
                        + what
                        + "); the node goes on");
    }
}
