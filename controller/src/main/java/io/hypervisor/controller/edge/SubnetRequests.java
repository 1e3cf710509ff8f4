package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.GetSubnetRequest;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.UpdateSubnetRequest;
import io.hypervisor.controller.action.network.UpdateSubnet;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.controller.network.SubnetRules;
import io.hypervisor.core.Violations;

import java.util.Set;

/** Checks every field of requests about subnets and addresses. Throws INVALID_ARGUMENT. */
final class SubnetRequests {
    private SubnetRequests() {}

    static void check(CreateSubnetRequest request) {
        Violations v = new Violations();
        v.name("name", request.getName());
        v.id("network_id", request.getNetworkId());
        SubnetRules.cidr(v, "cidr", request.getCidr())
                .ifPresent(
                        range -> {
                            SubnetRules.gateway(v, "gateway_ip", range, request.getGatewayIp());
                            SubnetRules.dnsServers(
                                    v, "dns_servers", range, request.getDnsServersList());
                            SubnetRules.pools(
                                    v, "allocation_pools", range, request.getAllocationPoolsList());
                        });
        v.requestId(request.getRequestId());
        v.throwIfAny();
    }

    static void check(GetSubnetRequest request) {
        new Violations().id("subnet_id", request.getSubnetId()).throwIfAny();
    }

    static void check(ListSubnetsRequest request) {
        new Violations()
                .pageSize(request.getPageSize())
                .optionalId("network_id", request.getNetworkId())
                .throwIfAny();
    }

    /** What has to fit the subnet's CIDR is checked by the verb, which knows it. */
    static void check(UpdateSubnetRequest request) {
        Violations v = new Violations();
        v.id("subnet.id", request.getSubnet().getId());
        Set<String> written = NetworkRequests.mask(v, request.getUpdateMask(), UpdateSubnet.FIELDS);
        if (written.contains("name")) {
            v.name("subnet.name", request.getSubnet().getName());
        }
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(DeleteSubnetRequest request) {
        new Violations()
                .id("subnet_id", request.getSubnetId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(AllocateIPRequest request) {
        Violations v = new Violations();
        v.id("subnet_id", request.getSubnetId());
        if (!request.getIpAddress().isEmpty()) {
            address(v, "ip_address", request.getIpAddress());
        }
        optionalMac(v, "mac_address", request.getMacAddress());
        v.optionalId("instance_id", request.getInstanceId());
        v.optionalId("port_id", request.getPortId());
        NetworkRequests.optionalName(v, "hostname", request.getHostname());
        v.requestId(request.getRequestId());
        v.throwIfAny();
    }

    static void check(ReleaseIPRequest request) {
        Violations v = new Violations();
        v.id("subnet_id", request.getSubnetId());
        address(v, "ip_address", request.getIpAddress());
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(ListAllocationsRequest request) {
        new Violations()
                .id("subnet_id", request.getSubnetId())
                .pageSize(request.getPageSize())
                .throwIfAny();
    }

    /** An address of either family. */
    static void address(Violations v, String field, String value) {
        v.check(Addresses.address(value).isPresent(), field, value, "an IPv4 or IPv6 address");
    }

    /** A MAC address that one interface may have; may be empty. */
    static void optionalMac(Violations v, String field, String value) {
        v.check(
                value.isEmpty() || Addresses.mac(value).isPresent(),
                field,
                value,
                "a unicast MAC address as 02:68:76:00:00:01");
    }
}
