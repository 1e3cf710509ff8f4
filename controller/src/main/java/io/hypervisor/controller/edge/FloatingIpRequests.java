package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.GetFloatingIPRequest;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.core.Violations;

/** Checks every field of requests about floating IPs. Throws INVALID_ARGUMENT. */
final class FloatingIpRequests {
    private FloatingIpRequests() {}

    static void check(CreateFloatingIPRequest request) {
        Violations v = new Violations();
        v.id("floating_network_id", request.getFloatingNetworkId());
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        v.requestId(request.getRequestId());
        v.throwIfAny();
    }

    static void check(GetFloatingIPRequest request) {
        new Violations().id("floating_ip_id", request.getFloatingIpId()).throwIfAny();
    }

    static void check(ListFloatingIPsRequest request) {
        Violations v = new Violations();
        v.pageSize(request.getPageSize());
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        v.optionalId("port_id", request.getPortId());
        v.throwIfAny();
    }

    static void check(AssociateFloatingIPRequest request) {
        Violations v = new Violations();
        v.id("floating_ip_id", request.getFloatingIpId());
        v.id("port_id", request.getPortId());
        String fixed = request.getFixedIp();
        v.check(
                fixed.isEmpty() || Addresses.address(fixed).filter(a -> !a.v6()).isPresent(),
                "fixed_ip",
                fixed,
                "an IPv4 address of the port, or empty");
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(DisassociateFloatingIPRequest request) {
        new Violations()
                .id("floating_ip_id", request.getFloatingIpId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(DeleteFloatingIPRequest request) {
        new Violations()
                .id("floating_ip_id", request.getFloatingIpId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }
}
