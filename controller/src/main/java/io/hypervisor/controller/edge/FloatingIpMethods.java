package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.AssociateFloatingIPResponse;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPResponse;
import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.DeleteFloatingIPResponse;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.DisassociateFloatingIPResponse;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.GetFloatingIPRequest;
import io.hypervisor.api.v1.GetFloatingIPResponse;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.api.v1.ListFloatingIPsResponse;
import io.hypervisor.api.v1.ListVTEPsRequest;
import io.hypervisor.api.v1.ListVTEPsResponse;
import io.hypervisor.api.v1.VTEP;
import io.hypervisor.controller.action.network.AssociateFloatingIP;
import io.hypervisor.controller.action.network.CreateFloatingIP;
import io.hypervisor.controller.action.network.DeleteFloatingIP;
import io.hypervisor.controller.action.network.DisassociateFloatingIP;
import io.hypervisor.controller.network.FloatingIps;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.RouterViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Violations;

import java.util.Optional;
import java.util.function.Function;

/** NetworkService's floating IPs, and the endpoints of tunnels. */
record FloatingIpMethods(Networking networking) {
    CreateFloatingIPResponse create(CreateFloatingIPRequest request) {
        FloatingIpRequests.check(request);
        return CreateFloatingIPResponse.newBuilder()
                .setFloatingIp(
                        networking.commit(
                                new CreateFloatingIP(
                                        request,
                                        Networking.mark(request.getRequestId(), request),
                                        networking.fresh(FloatingIps.IDS),
                                        networking.config())))
                .build();
    }

    GetFloatingIPResponse get(GetFloatingIPRequest request) {
        FloatingIpRequests.check(request);
        String id = request.getFloatingIpId();
        return GetFloatingIPResponse.newBuilder()
                .setFloatingIp(
                        RouterViews.floatingIp(networking.now(), id)
                                .orElseThrow(
                                        () -> Fault.notFound(Lookup.type(Table.FLOATING_IP), id)))
                .build();
    }

    ListFloatingIPsResponse list(ListFloatingIPsRequest request) {
        FloatingIpRequests.check(request);
        Snapshot now = networking.now();
        ListFloatingIPsRequest filters =
                request.toBuilder().clearPageSize().clearPageToken().build();
        Function<String, FloatingIP> view = id -> RouterViews.floatingIp(now, id).orElseThrow();
        Listing<FloatingIP> listing =
                request.getPortId().isEmpty()
                        ? Listing.of(now.network().floatingIps(), view, FloatingIP::getId)
                        : Listing.of(
                                now.network()
                                        .find(NetworkKeys.floatingIpOfPort(request.getPortId())),
                                view,
                                FloatingIP::getId);
        if (!request.getTenantId().isEmpty()) {
            listing = listing.where(ip -> ip.getTenantId().equals(request.getTenantId()));
        }
        Pages.Page<FloatingIP> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListFloatingIPsResponse.newBuilder()
                .addAllFloatingIps(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }

    AssociateFloatingIPResponse associate(AssociateFloatingIPRequest request) {
        FloatingIpRequests.check(request);
        return AssociateFloatingIPResponse.newBuilder()
                .setFloatingIp(
                        networking.commit(
                                new AssociateFloatingIP(request, networking.clock().timestamp())))
                .build();
    }

    DisassociateFloatingIPResponse disassociate(DisassociateFloatingIPRequest request) {
        FloatingIpRequests.check(request);
        return DisassociateFloatingIPResponse.newBuilder()
                .setFloatingIp(
                        networking.commit(
                                new DisassociateFloatingIP(
                                        request, networking.clock().timestamp())))
                .build();
    }

    DeleteFloatingIPResponse delete(DeleteFloatingIPRequest request) {
        FloatingIpRequests.check(request);
        networking.commit(new DeleteFloatingIP(request));
        return DeleteFloatingIPResponse.getDefaultInstance();
    }

    ListVTEPsResponse listVteps(ListVTEPsRequest request) {
        new Violations().pageSize(request.getPageSize()).throwIfAny();
        Snapshot now = networking.now();
        ListVTEPsRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Listing<Optional<VTEP>> listing =
                Listing.of(
                                now.nodes(),
                                id -> RouterViews.vtep(now, id),
                                (Optional<VTEP> vtep) -> vtep.map(VTEP::getNodeId).orElseThrow())
                        .where(Optional::isPresent);
        Pages.Page<Optional<VTEP>> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListVTEPsResponse.newBuilder()
                .addAllVteps(page.items().stream().flatMap(Optional::stream).toList())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }
}
