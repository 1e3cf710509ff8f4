package io.hypervisor.controller.commit;

import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.store.Limits;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Decisions that share one transaction. Every decision is made on a snapshot that holds the ones
 * before it, so every answer, a refusal too, counts only if the transaction commits.
 */
final class Batch {
    /** An action and who waits for it. */
    record Request<R>(Action<R> action, CompletableFuture<R> future) {
        void fail(Fault fault) {
            future.completeExceptionally(fault);
        }
    }

    /** What to do with a request once the transaction has committed. */
    @FunctionalInterface
    private interface Answer {
        void give(Snapshot committed);
    }

    private record Planned(Request<?> request, Answer answer) {}

    private final Map<String, Store.Write> writes = new LinkedHashMap<>();
    private final Map<String, Edit> edits = new LinkedHashMap<>();
    private final List<Planned> planned = new ArrayList<>();
    private long bytes;
    private Snapshot speculative;

    Batch(Snapshot base) {
        this.speculative = base;
    }

    /** Decides the request on top of this batch; false if its edits need a batch of their own. */
    <R> boolean add(Request<R> request, long nextRevision) {
        try {
            Action.Decision<R> decision = request.action().decide(speculative);
            List<Edit> more = decision.edits();
            if (!more.isEmpty() && !take(more, nextRevision)) {
                if (!writes.isEmpty()) {
                    return false;
                }
                throw tooLarge(more.size());
            }
            plan(request, committed -> answer(request, decision, committed));
        } catch (RuntimeException | Error refused) {
            plan(request, committed -> request.future().completeExceptionally(refused));
        }
        return true;
    }

    /** Adds the edits, all or none; false if they do not fit. */
    private boolean take(List<Edit> more, long nextRevision) {
        // What is new is looked at alone: a full batch holds fifty requests.
        Map<String, Store.Write> added = new LinkedHashMap<>();
        more.stream().map(Edit::toWrite).forEach(write -> added.put(write.key(), write));
        boolean eachFits = true;
        int count = writes.size();
        long total = bytes;
        for (Store.Write write : added.values()) {
            Store.Write replaced = writes.get(write.key());
            eachFits &= Limits.fits(write);
            count += replaced == null ? 1 : 0;
            total += Limits.bytes(write) - (replaced == null ? 0 : Limits.bytes(replaced));
        }
        if (!eachFits || !Limits.fit(count, total)) {
            return false;
        }
        writes.putAll(added);
        bytes = total;
        more.forEach(edit -> edits.put(edit.key(), edit));
        speculative = speculative.with(nextRevision, more);
        return true;
    }

    private static <R> void answer(
            Request<R> request, Action.Decision<R> decision, Snapshot committed) {
        try {
            request.future().complete(decision.answer().apply(committed));
        } catch (RuntimeException | Error failed) {
            request.future().completeExceptionally(failed);
        }
    }

    private static Fault tooLarge(int edits) {
        return Fault.of(
                Fault.Kind.RESOURCE_EXHAUSTED,
                "TOO_MANY_CHANGES",
                "the request changes "
                        + edits
                        + " records (expected: at most "
                        + Store.MAX_WRITES
                        + " with "
                        + Store.MAX_COMMIT_BYTES
                        + " bytes together)");
    }

    private void plan(Request<?> request, Answer answer) {
        planned.add(new Planned(request, answer));
    }

    /** How many requests it holds. */
    int size() {
        return planned.size();
    }

    /** Whether another request may find room. */
    boolean open() {
        return writes.size() < Store.MAX_WRITES && planned.size() < 10 * Store.MAX_WRITES;
    }

    List<Store.Write> writes() {
        return List.copyOf(writes.values());
    }

    List<Edit> edits() {
        return List.copyOf(edits.values());
    }

    /** The state after the commit. */
    Snapshot committed(Snapshot base, long revision) {
        return speculative.revision() == revision ? speculative : base.with(revision, edits());
    }

    void succeed(Snapshot committed) {
        planned.forEach(one -> one.answer().give(committed));
    }

    void fail(Fault fault) {
        planned.forEach(one -> one.request().fail(fault));
    }
}
