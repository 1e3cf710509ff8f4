package io.hypervisor.network.model;

import java.util.List;
import java.util.Optional;

/** A router with its ends, parsed. */
public record LogicalRouter(
        String id,
        boolean up,
        List<Interface> interfaces,
        List<Route> routes,
        Optional<Gateway> gateway) {
    /** An end in a subnet. The port exists on every node. */
    public record Interface(
            String subnetId,
            String networkId,
            String portId,
            Mac mac,
            Address address,
            Prefix subnet) {}

    /** A static route. */
    public record Route(Prefix destination, Address nextHop) {}

    /**
     * The way out of the cluster.
     *
     * @param nodeId the node that answers for its addresses; empty: none
     */
    public record Gateway(
            String networkId,
            String nodeId,
            Mac mac,
            boolean snat,
            List<GatewayAddress> addresses) {}

    /** The gateway's address in one subnet, at most one of each family. */
    public record GatewayAddress(Address address, Prefix subnet, Address nextHop) {}
}
