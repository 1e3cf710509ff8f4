package io.hypervisor.network.model;

import io.hypervisor.api.v1.Subnet;

/** A subnet, parsed. */
public record LogicalSubnet(
        String id, String networkId, Prefix cidr, Address gateway, Subnet source) {
    static LogicalSubnet of(Subnet subnet) {
        return new LogicalSubnet(
                subnet.getId(),
                subnet.getNetworkId(),
                Prefix.parse(subnet.getCidr()),
                Address.parse(subnet.getGatewayIp()),
                subnet);
    }
}
