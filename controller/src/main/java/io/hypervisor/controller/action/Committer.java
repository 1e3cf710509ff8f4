package io.hypervisor.controller.action;

import io.hypervisor.controller.state.Snapshot;

import java.util.concurrent.CompletableFuture;

/**
 * Makes decisions durable, as the leader: runs actions one after the other on the newest snapshot,
 * commits the edits of as many as fit in one store transaction, and publishes the snapshot.
 */
public interface Committer {
    /**
     * Queues an action. Completes when its edits are durable, or with a {@link
     * io.hypervisor.core.Fault}: the action's own, RESOURCE_EXHAUSTED when the queue is full, or
     * UNAVAILABLE when this process does not lead or the store does not answer (then it is not
     * known whether the edits took effect, and the caller reads or retries with its request_id).
     */
    <R> CompletableFuture<R> submit(Action<R> action);

    /** The newest published snapshot of this replica, leading or not. */
    Snapshot snapshot();
}
