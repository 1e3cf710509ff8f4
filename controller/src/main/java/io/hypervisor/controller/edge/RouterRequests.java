package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.GetRouterRequest;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.UpdateRouterRequest;
import io.hypervisor.controller.action.network.UpdateRouter;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.core.Violations;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Checks every field of requests about routers. Throws INVALID_ARGUMENT. */
final class RouterRequests {
    private static final int MAX_FIXED_IPS = 2;

    private RouterRequests() {}

    static void check(CreateRouterRequest request) {
        Violations v = new Violations();
        v.name("name", request.getName());
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        if (request.hasExternalGateway()) {
            checkGateway(v, "external_gateway", request.getExternalGateway());
        }
        v.requestId(request.getRequestId());
        v.throwIfAny();
    }

    static void check(GetRouterRequest request) {
        new Violations().id("router_id", request.getRouterId()).throwIfAny();
    }

    static void check(ListRoutersRequest request) {
        Violations v = new Violations();
        v.pageSize(request.getPageSize());
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        v.throwIfAny();
    }

    static void check(UpdateRouterRequest request) {
        Violations v = new Violations();
        v.id("router.id", request.getRouter().getId());
        Set<String> written = NetworkRequests.mask(v, request.getUpdateMask(), UpdateRouter.FIELDS);
        if (written.contains("name")) {
            v.name("router.name", request.getRouter().getName());
        }
        if (written.contains("external_gateway") && request.getRouter().hasExternalGateway()) {
            checkGateway(v, "router.external_gateway", request.getRouter().getExternalGateway());
        }
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    private static void checkGateway(Violations v, String field, ExternalGateway gateway) {
        v.id(field + ".network_id", gateway.getNetworkId());
        List<FixedIP> fixed = gateway.getExternalFixedIpsList();
        String each = field + ".external_fixed_ips";
        v.check(
                fixed.size() <= MAX_FIXED_IPS,
                each,
                fixed.size() + " addresses",
                "at most one of each address family");
        Set<Boolean> families = new HashSet<>();
        for (int i = 0; i < Math.min(fixed.size(), MAX_FIXED_IPS); i++) {
            String at = each + "[" + i + "]";
            String ip = fixed.get(i).getIpAddress();
            v.optionalId(at + ".subnet_id", fixed.get(i).getSubnetId());
            if (ip.isEmpty()) {
                v.check(
                        !fixed.get(i).getSubnetId().isEmpty(),
                        at + ".subnet_id",
                        "",
                        "a subnet or an ip_address");
                continue;
            }
            Optional<Address> address = Addresses.address(ip);
            v.check(address.isPresent(), at + ".ip_address", ip, "an IPv4 or IPv6 address");
            address.ifPresent(
                    a ->
                            v.check(
                                    families.add(a.v6()),
                                    at + ".ip_address",
                                    ip,
                                    "of another address family than the one before"));
        }
    }

    static void check(DeleteRouterRequest request) {
        new Violations()
                .id("router_id", request.getRouterId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(AddRouterInterfaceRequest request) {
        new Violations()
                .id("router_id", request.getRouterId())
                .id("subnet_id", request.getSubnetId())
                .requestId(request.getRequestId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(RemoveRouterInterfaceRequest request) {
        new Violations()
                .id("router_id", request.getRouterId())
                .id("subnet_id", request.getSubnetId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(AddRouteRequest request) {
        Violations v = new Violations();
        v.id("router_id", request.getRouterId());
        Optional<Prefix> destination = destination(v, request.getDestination());
        Optional<Address> hop = Addresses.address(request.getNexthop());
        v.check(hop.isPresent(), "nexthop", request.getNexthop(), "an IPv4 or IPv6 address");
        if (destination.isPresent() && hop.isPresent()) {
            v.check(
                    destination.get().v6() == hop.get().v6(),
                    "nexthop",
                    request.getNexthop(),
                    "an address of the destination's family");
        }
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(RemoveRouteRequest request) {
        Violations v = new Violations();
        v.id("router_id", request.getRouterId());
        destination(v, request.getDestination());
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    private static Optional<Prefix> destination(Violations v, String text) {
        Optional<Prefix> prefix = Addresses.prefix(text);
        v.check(
                prefix.isPresent(),
                "destination",
                text,
                "a range in prefix notation with host bits zero, such as 10.1.0.0/16");
        return prefix;
    }
}
