package io.hypervisor.controller.action;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;
import java.util.function.Function;

/** A decision about the cluster's state. */
@FunctionalInterface
public interface Action<R> {
    /**
     * Decides on a snapshot. Pure; called exactly once if its batch is committed, and again on a
     * newer snapshot if not.
     *
     * @throws io.hypervisor.core.Fault if it cannot be done; nothing is written then
     */
    Decision<R> decide(Snapshot now);

    /**
     * The edits to commit, and the answer, taken from the snapshot that holds them. No edits: the
     * answer is given without a commit.
     */
    record Decision<R>(List<Edit> edits, Function<Snapshot, R> answer) {}
}
