package io.hypervisor.controller.commit;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;

/**
 * Hears of every published snapshot, in revision order, on the thread that commits: be quick, never
 * block, and hand work over to other threads.
 */
public interface ChangeListener {
    /** {@code edits} made {@code after} of {@code before}; each key occurs once. */
    void changed(Snapshot before, Snapshot after, List<Edit> edits);

    /** Whatever was known before, this is the state now; changes go on from here. */
    void reset(Snapshot now);
}
