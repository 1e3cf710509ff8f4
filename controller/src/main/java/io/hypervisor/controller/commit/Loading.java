package io.hypervisor.controller.commit;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.PlacementConfig;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.store.Store;

import java.util.Optional;

/** Turns what a store holds into a snapshot. */
final class Loading {
    private Loading() {}

    /**
     * Throws IllegalArgumentException for a record that cannot be read: leaving it out could make a
     * node destroy what it describes.
     */
    static Snapshot snapshot(PlacementConfig placement, Store.Loaded loaded) {
        return Snapshot.load(
                placement,
                loaded.revision(),
                () -> loaded.entries().stream().map(Loading::record).iterator());
    }

    static Snapshot snapshot(Store.Loaded loaded) {
        return snapshot(PlacementConfig.defaults(), loaded);
    }

    private static Snapshot.Loaded record(Store.Stored stored) {
        Store.Write write = new Store.Write(stored.key(), Optional.of(stored.value()));
        return new Snapshot.Loaded(Edit.fromWrite(write), stored.revision());
    }
}
