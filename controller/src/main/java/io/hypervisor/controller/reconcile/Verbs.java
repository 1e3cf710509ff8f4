package io.hypervisor.controller.reconcile;

import io.hypervisor.controller.action.Action;

/** The decisions that this package asks for; each method makes one action. */
public interface Verbs {
    /** Places an instance that has no node, or records why no node has room. */
    Action<?> place(String instanceId);

    /** Makes an instance leave its node, to be placed anew when it is gone there. */
    Action<?> evict(String instanceId);

    /**
     * Takes an instance off a node that surely does not run it, so that it can be placed anew.
     *
     * @param epoch the placement that the proof is about
     */
    Action<?> release(String instanceId, long epoch, String proof);
}
