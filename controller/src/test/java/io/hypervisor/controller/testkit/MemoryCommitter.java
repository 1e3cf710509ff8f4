package io.hypervisor.controller.testkit;

import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A committer that commits at once, each action alone, and keeps everything in memory. */
public final class MemoryCommitter implements Committer {
    private final List<ChangeListener> listeners = new ArrayList<>();
    private volatile Snapshot now = Snapshot.empty();
    private Optional<Fault> refusal = Optional.empty();

    /** Calls the listener after each commit. */
    public synchronized void onChange(ChangeListener listener) {
        listeners.add(listener);
    }

    /** Answers every action with this fault from now on. */
    public synchronized void refuse(Fault fault) {
        refusal = Optional.of(fault);
    }

    /** Commits edits as they are. */
    public synchronized void commit(Edit... edits) {
        apply(List.of(edits));
    }

    @Override
    public synchronized <R> CompletableFuture<R> submit(Action<R> action) {
        if (refusal.isPresent()) {
            return CompletableFuture.failedFuture(refusal.get());
        }
        try {
            Action.Decision<R> decision = action.decide(now);
            if (!decision.edits().isEmpty()) {
                apply(decision.edits());
            }
            return CompletableFuture.completedFuture(decision.answer().apply(now));
        } catch (Fault fault) {
            return CompletableFuture.failedFuture(fault);
        }
    }

    private void apply(List<Edit> edits) {
        Snapshot before = now;
        now = before.with(before.revision() + 1, edits);
        listeners.forEach(listener -> listener.changed(before, now, edits));
    }

    @Override
    public Snapshot snapshot() {
        return now;
    }
}
