package io.hypervisor.controller.commit;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.PlacementConfig;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;
import java.util.function.Function;

/**
 * Who this replica is.
 *
 * @param clusterName the name that a new cluster gets
 * @param address gRPC address "host:port" where followers and nodes reach this replica
 * @param holder names this process in logs and in the store
 * @param placement how much of each node may be taken; the same on every replica
 * @param supersededTerms ids of terms that an operator gave up by restoring an older store
 * @param founding what every cluster has and this one does not have yet: at most a few edits
 */
public record ReplicaConfig(
        String clusterName,
        String address,
        String holder,
        PlacementConfig placement,
        List<String> supersededTerms,
        Function<Snapshot, List<Edit>> founding) {
    /** With the default placement. */
    public ReplicaConfig(String clusterName, String address, String holder) {
        this(clusterName, address, holder, PlacementConfig.defaults(), List.of(), now -> List.of());
    }
}
