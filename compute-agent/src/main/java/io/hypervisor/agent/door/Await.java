package io.hypervisor.agent.door;

import io.grpc.Context;
import io.grpc.Deadline;
import io.hypervisor.agent.reconcile.Sightings;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.core.Fault;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Lets a call wait for what the node sees of an instance, at most until the call's deadline. */
final class Await {
    // For callers that set no deadline.
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Sightings sightings;

    Await(Sightings sightings) {
        this.sightings = sightings;
    }

    /**
     * Waits until the condition holds.
     *
     * @throws Fault DEADLINE_EXCEEDED, saying how the instance stands
     */
    void until(String id, String what, Predicate<Optional<ObservedRecord>> condition) {
        Semaphore changed = new Semaphore(0);
        Consumer<String> listener =
                other -> {
                    if (other.equals(id)) {
                        changed.release();
                    }
                };
        Context.CancellationListener cancelled = context -> changed.release();
        Context context = Context.current();
        Deadline deadline =
                Optional.ofNullable(context.getDeadline())
                        .orElseGet(() -> Deadline.after(LONGEST.toNanos(), TimeUnit.NANOSECONDS));
        sightings.listen(listener);
        context.addListener(cancelled, Runnable::run);
        try {
            while (!condition.test(sightings.get(id))) {
                boolean news =
                        changed.tryAcquire(
                                deadline.timeRemaining(TimeUnit.NANOSECONDS), TimeUnit.NANOSECONDS);
                if (!news || context.isCancelled()) {
                    throw tooLate(id, what);
                }
            }
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
                "Instance "
                        + id
                        + ": state: "
                        + state.strip()
                        + " (expected: "
                        + what
                        + "); the node goes on");
    }
}
