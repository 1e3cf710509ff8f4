package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.LogicalSubnet;

import java.util.List;

/**
 * A network as its ports see it.
 *
 * @param active it is up, and this node can take its frames
 * @param key the value of {@link Field#NETWORK}; 0 unless active
 * @param routed a router leads to it
 * @param ends the routers' ends in it
 */
record Segment(
        LogicalNetwork network,
        boolean active,
        long key,
        boolean routed,
        List<LogicalSubnet> subnets,
        List<LogicalRouter.Interface> ends) {}
