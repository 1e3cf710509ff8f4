package io.hypervisor.controller.edge;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.StreamObserver;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;
import io.hypervisor.core.FaultPoint;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** What every method does: answer, and wait within the caller's deadline. */
final class Calls {
    /** How long a call without a deadline may take. */
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private Calls() {}

    static <R> void answer(StreamObserver<R> observer, R response) {
        observer.onNext(response);
        observer.onCompleted();
    }

    /** Makes a decision durable, or throws its fault. Queues nothing for a caller that is gone. */
    static <R> R commit(Replica replica, Action<R> action) {
        Duration left = left();
        if (left.isNegative() || left.isZero() || Context.current().isCancelled()) {
            throw late("nothing was begun");
        }
        FaultPoint.CONTROLLER_REQUEST_ACCEPTED.reached();
        return await(replica, replica.submit(action), left, "it may still take effect");
    }

    /** The newest snapshot that is at least this new; waits for it within the caller's deadline. */
    static Snapshot at(Replica replica, long minRevision) {
        Snapshot now = replica.snapshot();
        return now.revision() >= minRevision
                ? now
                : await(
                        replica,
                        replica.awaitRevision(minRevision),
                        left(),
                        "revision " + minRevision + " is not visible here yet");
    }

    /** The newest snapshot, once it is this new or patience has ended. */
    static Snapshot within(Replica replica, long revision, Duration patience) {
        CompletableFuture<Snapshot> future = replica.awaitRevision(revision);
        try {
            return replica.tasks().await(future, patience);
        } catch (TimeoutException e) {
            future.cancel(false);
            return replica.snapshot();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.unavailable("SHUTTING_DOWN", "this replica is shutting down");
        }
    }

    /**
     * Answers from the newest snapshot that is at least this new: at once, or on a thread of its
     * own if that has to be waited for.
     */
    static <R> void answerAt(
            Replica replica,
            long minRevision,
            StreamObserver<R> observer,
            Function<Snapshot, R> view) {
        Snapshot now = replica.snapshot();
        if (now.revision() >= minRevision) {
            answer(observer, view.apply(now));
            return;
        }
        Runnable later =
                () -> {
                    try {
                        answer(observer, view.apply(at(replica, minRevision)));
                    } catch (RuntimeException e) {
                        observer.onError(e);
                    }
                };
        replica.tasks().concurrent("read").execute(Context.current().wrap(later));
    }

    private static <R> R await(
            Replica replica, CompletableFuture<R> future, Duration timeout, String late) {
        try {
            return replica.tasks().await(future, timeout);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            future.cancel(false);
            throw late(late);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.unavailable("SHUTTING_DOWN", "this replica is shutting down");
        }
    }

    private static Fault late(String effect) {
        return Fault.of(
                Fault.Kind.DEADLINE_EXCEEDED,
                "DEADLINE_EXCEEDED",
                "the call's deadline passed; " + effect);
    }

    /** How long the caller still waits; {@link #PATIENCE} if it did not say. */
    static Duration left() {
        Deadline deadline = Context.current().getDeadline();
        return deadline == null
                ? PATIENCE
                : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
    }
}
