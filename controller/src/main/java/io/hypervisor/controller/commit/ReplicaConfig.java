package io.hypervisor.controller.commit;

import io.hypervisor.controller.state.PlacementConfig;

/**
 * Who this replica is.
 *
 * @param clusterName the name that a new cluster gets
 * @param address gRPC address "host:port" where followers and nodes reach this replica
 * @param holder names this process in logs and in the store
 * @param placement how much of each node may be taken; the same on every replica
 */
public record ReplicaConfig(
        String clusterName, String address, String holder, PlacementConfig placement) {
    /** With the default placement. */
    public ReplicaConfig(String clusterName, String address, String holder) {
        this(clusterName, address, holder, PlacementConfig.defaults());
    }
}
