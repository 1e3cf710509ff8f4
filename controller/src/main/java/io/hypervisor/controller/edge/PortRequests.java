package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.RateLimit;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.api.v1.UpdatePortRequest;
import io.hypervisor.controller.action.network.UpdatePort;
import io.hypervisor.core.Violations;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Checks every field of requests about ports. Throws INVALID_ARGUMENT. */
final class PortRequests {
    private static final int MAX_GROUPS = 16;
    private static final long MIN_RATE = 1_000;
    private static final long MAX_RATE = 1_000_000_000_000L;
    // What Linux takes as the name of an interface.
    private static final Pattern DEVICE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,14}");

    private PortRequests() {}

    static void check(CreatePortRequest request) {
        Violations v = new Violations();
        NetworkRequests.optionalName(v, "name", request.getName());
        v.id("network_id", request.getNetworkId());
        v.optionalId("subnet_id", request.getSubnetId());
        SubnetRequests.optionalMac(v, "mac_address", request.getMacAddress());
        if (!request.getIpAddress().isEmpty()) {
            SubnetRequests.address(v, "ip_address", request.getIpAddress());
        }
        groups(v, "security_groups", request.getSecurityGroupsList());
        v.known("binding_type", request.getBindingType(), request.getBindingTypeValue());
        v.requestId(request.getRequestId());
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        rate(v, "rate_limit.", request.getRateLimit());
        v.throwIfAny();
    }

    static void check(GetPortRequest request) {
        new Violations().id("port_id", request.getPortId()).throwIfAny();
    }

    static void check(ListPortsRequest request) {
        new Violations()
                .optionalId("network_id", request.getNetworkId())
                .optionalId("instance_id", request.getInstanceId())
                .optionalId("node_id", request.getNodeId())
                .pageSize(request.getPageSize())
                .throwIfAny();
    }

    static void check(UpdatePortRequest request) {
        Violations v = new Violations();
        v.id("port.id", request.getPort().getId());
        Set<String> written = NetworkRequests.mask(v, request.getUpdateMask(), UpdatePort.FIELDS);
        if (written.contains("name")) {
            NetworkRequests.optionalName(v, "port.name", request.getPort().getName());
        }
        if (written.contains("security_groups")) {
            groups(v, "port.security_groups", request.getPort().getSecurityGroupsList());
        }
        if (written.contains("rate_limit")) {
            rate(v, "port.rate_limit.", request.getPort().getRateLimit());
        }
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(DeletePortRequest request) {
        new Violations()
                .id("port_id", request.getPortId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(BindPortRequest request) {
        Violations v = new Violations();
        v.id("port_id", request.getPortId());
        String device = request.getDeviceName();
        String expected = "an interface name of 1-15 letters, digits, '.', '_' and '-'";
        if (request.getInstanceId().isEmpty()) {
            v.id("node_id", request.getNodeId());
            v.check(DEVICE.matcher(device).matches(), "device_name", device, expected);
        } else {
            v.id("instance_id", request.getInstanceId());
            v.optionalId("node_id", request.getNodeId());
            v.check(
                    device.isEmpty() || DEVICE.matcher(device).matches(),
                    "device_name",
                    device,
                    expected);
        }
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(UnbindPortRequest request) {
        new Violations()
                .id("port_id", request.getPortId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    private static void groups(Violations v, String field, List<String> groups) {
        v.check(
                groups.size() <= MAX_GROUPS,
                field,
                groups.size() + " groups",
                "at most " + MAX_GROUPS);
        Set<String> distinct = new HashSet<>();
        for (int i = 0; i < groups.size(); i++) {
            String at = field + "[" + i + "]";
            v.id(at, groups.get(i));
            v.check(distinct.add(groups.get(i)), at, groups.get(i), "each group at most once");
        }
    }

    private static void rate(Violations v, String at, RateLimit limit) {
        rate(v, at + "egress_bps", limit.getEgressBps());
        rate(v, at + "ingress_bps", limit.getIngressBps());
    }

    private static void rate(Violations v, String field, long bps) {
        v.check(
                bps == 0 || (bps >= MIN_RATE && bps <= MAX_RATE),
                field,
                Long.toUnsignedString(bps),
                "0, or between " + MIN_RATE + " and " + MAX_RATE);
    }
}
