package io.hypervisor.network.model;

import io.hypervisor.api.internal.v1.NodePort;

import java.util.List;
import java.util.Set;

/**
 * A port, parsed.
 *
 * @param nodeId the node that carries it; empty: none, or all for a router's interface
 * @param addresses its own first, then those reserved for it
 * @param up its admin_state
 */
public record LogicalPort(
        String id,
        String networkId,
        String subnetId,
        Mac mac,
        List<Address> addresses,
        String nodeId,
        boolean up,
        boolean ofRouter,
        Set<String> groups,
        NodePort source) {
    static LogicalPort of(NodePort port) {
        return new LogicalPort(
                port.getPort().getId(),
                port.getPort().getNetworkId(),
                port.getPort().getSubnetId(),
                Mac.parse(port.getPort().getMacAddress()),
                port.getAddressesList().stream().map(Address::parse).toList(),
                port.getPort().getNodeId(),
                port.getPort().getAdminState(),
                port.getRouterInterface(),
                Set.copyOf(port.getPort().getSecurityGroupsList()),
                port);
    }

    /** Its link-local IPv6 address, the only one that it may use. */
    public Address linkLocal() {
        return Address.linkLocal(mac);
    }
}
