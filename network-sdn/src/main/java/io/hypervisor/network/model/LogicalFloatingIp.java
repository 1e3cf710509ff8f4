package io.hypervisor.network.model;

import io.hypervisor.api.internal.v1.NodeFloatingIP;

/**
 * A floating IP that is associated.
 *
 * @param nodeId the node that answers for it and translates; empty: none can
 */
public record LogicalFloatingIp(
        String id,
        Address address,
        Address fixed,
        Mac mac,
        String networkId,
        String portId,
        String routerId,
        String nodeId) {
    static LogicalFloatingIp of(NodeFloatingIP object) {
        var source = object.getFloatingIp();
        return new LogicalFloatingIp(
                source.getId(),
                Address.parse(source.getFloatingIp()),
                Address.parse(source.getFixedIp()),
                Mac.parse(object.getMacAddress()),
                source.getFloatingNetworkId(),
                source.getPortId(),
                object.getRouterId(),
                object.getNodeId());
    }
}
