package io.hypervisor.controller.commit;

/**
 * Who this replica is.
 *
 * @param clusterName the name that a new cluster gets
 * @param address gRPC address "host:port" where followers and nodes reach this replica
 * @param holder names this process in logs and in the store
 */
public record ReplicaConfig(String clusterName, String address, String holder) {}
