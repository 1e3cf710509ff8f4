package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.api.v1.GetSecurityGroupRequest;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.UpdateSecurityGroupRequest;
import io.hypervisor.controller.action.network.UpdateSecurityGroup;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.core.Violations;
import io.hypervisor.network.model.Prefix;

import java.util.Optional;
import java.util.Set;

/** Checks every field of requests about security groups. Throws INVALID_ARGUMENT. */
final class SecurityGroupRequests {
    private static final int MAX_DESCRIPTION = 1024;
    private static final int MAX_PORT = 65_535;
    private static final Set<String> PROTOCOLS = Set.of("", "tcp", "udp", "icmp", "any");
    private static final Set<String> WITH_PORTS = Set.of("tcp", "udp");

    private SecurityGroupRequests() {}

    static void check(CreateSecurityGroupRequest request) {
        Violations v = new Violations();
        v.name("name", request.getName());
        v.printable("description", request.getDescription(), 0, MAX_DESCRIPTION);
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        v.requestId(request.getRequestId());
        v.throwIfAny();
    }

    static void check(GetSecurityGroupRequest request) {
        new Violations().id("security_group_id", request.getSecurityGroupId()).throwIfAny();
    }

    static void check(ListSecurityGroupsRequest request) {
        Violations v = new Violations();
        v.pageSize(request.getPageSize());
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        v.throwIfAny();
    }

    static void check(UpdateSecurityGroupRequest request) {
        Violations v = new Violations();
        v.id("security_group.id", request.getSecurityGroup().getId());
        Set<String> written =
                NetworkRequests.mask(v, request.getUpdateMask(), UpdateSecurityGroup.FIELDS);
        if (written.contains("name")) {
            v.name("security_group.name", request.getSecurityGroup().getName());
        }
        if (written.contains("description")) {
            String description = request.getSecurityGroup().getDescription();
            v.printable("security_group.description", description, 0, MAX_DESCRIPTION);
        }
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(DeleteSecurityGroupRequest request) {
        new Violations()
                .id("security_group_id", request.getSecurityGroupId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(AddSecurityRuleRequest request) {
        Violations v = new Violations();
        v.id("security_group_id", request.getSecurityGroupId());
        v.known("direction", request.getDirection(), request.getDirectionValue());
        v.check(
                request.getDirection() != SecurityRuleDirection.SECURITY_RULE_DIRECTION_UNSPECIFIED,
                "direction",
                request.getDirectionValue(),
                "SECURITY_RULE_DIRECTION_INGRESS or SECURITY_RULE_DIRECTION_EGRESS");
        v.known("ether_type", request.getEtherType(), request.getEtherTypeValue());
        v.check(
                PROTOCOLS.contains(request.getProtocol()),
                "protocol",
                request.getProtocol(),
                "\"tcp\", \"udp\", \"icmp\", \"any\" or empty");
        checkPorts(v, request);
        checkRemote(v, request);
        v.requestId(request.getRequestId());
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    private static void checkPorts(Violations v, AddSecurityRuleRequest request) {
        long min = Integer.toUnsignedLong(request.getPortRangeMin());
        long max = Integer.toUnsignedLong(request.getPortRangeMax());
        if (!WITH_PORTS.contains(request.getProtocol())) {
            v.check(min == 0, "port_range_min", min, "0 for a protocol other than tcp and udp");
            v.check(max == 0, "port_range_max", max, "0 for a protocol other than tcp and udp");
            return;
        }
        v.range("port_range_min", min, 0, MAX_PORT);
        if (min == 0) {
            v.check(max == 0, "port_range_max", max, "0 without a port_range_min");
        } else if (max != 0) {
            v.range("port_range_max", max, min, MAX_PORT);
        }
    }

    private static void checkRemote(Violations v, AddSecurityRuleRequest request) {
        v.optionalId("remote_group_id", request.getRemoteGroupId());
        String text = request.getRemoteIpPrefix();
        if (text.isEmpty()) {
            return;
        }
        v.check(
                request.getRemoteGroupId().isEmpty(),
                "remote_group_id",
                request.getRemoteGroupId(),
                "empty together with remote_ip_prefix");
        Optional<Prefix> prefix = Addresses.prefix(text);
        v.check(
                prefix.isPresent(),
                "remote_ip_prefix",
                text,
                "a range in prefix notation with host bits zero, such as 10.1.0.0/16");
        boolean other =
                switch (request.getEtherType()) {
                    case ETHER_TYPE_IPV4 -> prefix.filter(Prefix::v6).isPresent();
                    case ETHER_TYPE_IPV6 -> prefix.filter(p -> !p.v6()).isPresent();
                    case ETHER_TYPE_UNSPECIFIED, UNRECOGNIZED -> false;
                };
        v.check(
                !other,
                "ether_type",
                request.getEtherType(),
                "the family of remote_ip_prefix, or ETHER_TYPE_UNSPECIFIED");
    }

    static void check(RemoveSecurityRuleRequest request) {
        new Violations()
                .id("security_group_id", request.getSecurityGroupId())
                .id("rule_id", request.getRuleId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }
}
