package io.hypervisor.controller.reconcile;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Outcome;

import java.util.List;
import java.util.Set;

/** Closes one kind of gap. Idempotent; called for one key at a time. */
interface Reconciler {
    /** For logs and metrics. */
    String name();

    /** Looks at a key and does the next step that is due. May block. */
    Outcome reconcile(String key);

    /** The keys that a commit may have given something to do. Costs nothing for other keys. */
    Set<String> woken(Snapshot before, Snapshot after, List<Edit> edits);

    /** All keys that have something to do, for the full pass. */
    Set<String> due(Snapshot now);
}
