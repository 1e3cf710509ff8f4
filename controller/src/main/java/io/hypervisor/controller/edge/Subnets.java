package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.AllocateIPResponse;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.CreateSubnetResponse;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.DeleteSubnetResponse;
import io.hypervisor.api.v1.GetSubnetRequest;
import io.hypervisor.api.v1.GetSubnetResponse;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListAllocationsResponse;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.ListSubnetsResponse;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.ReleaseIPResponse;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateSubnetRequest;
import io.hypervisor.api.v1.UpdateSubnetResponse;
import io.hypervisor.controller.action.network.AllocateIP;
import io.hypervisor.controller.action.network.CreateSubnet;
import io.hypervisor.controller.action.network.DeleteSubnet;
import io.hypervisor.controller.action.network.ReleaseIP;
import io.hypervisor.controller.action.network.UpdateSubnet;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;

import java.util.function.Function;

/** NetworkService's subnets and addresses. */
record Subnets(Networking networking) {
    CreateSubnetResponse create(CreateSubnetRequest request) {
        SubnetRequests.check(request);
        CreateSubnet action =
                new CreateSubnet(
                        request,
                        Networking.mark(request.getRequestId(), request),
                        networking.fresh(CreateSubnet.RECORDS));
        return CreateSubnetResponse.newBuilder().setSubnet(networking.commit(action)).build();
    }

    GetSubnetResponse get(GetSubnetRequest request) {
        SubnetRequests.check(request);
        String id = request.getSubnetId();
        return GetSubnetResponse.newBuilder()
                .setSubnet(
                        NetworkViews.subnet(networking.now(), id)
                                .orElseThrow(() -> Fault.notFound(Lookup.type(Table.SUBNET), id)))
                .build();
    }

    ListSubnetsResponse list(ListSubnetsRequest request) {
        SubnetRequests.check(request);
        Snapshot now = networking.now();
        ListSubnetsRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Function<String, Subnet> view = id -> NetworkViews.subnet(now, id).orElseThrow();
        Listing<Subnet> listing =
                request.getNetworkId().isEmpty()
                        ? Listing.of(now.network().subnets(), view, Subnet::getId)
                        : Listing.of(
                                now.network()
                                        .find(NetworkKeys.subnetOfNetwork(request.getNetworkId())),
                                view,
                                Subnet::getId);
        Pages.Page<Subnet> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListSubnetsResponse.newBuilder()
                .addAllSubnets(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }

    UpdateSubnetResponse update(UpdateSubnetRequest request) {
        SubnetRequests.check(request);
        UpdateSubnet action = new UpdateSubnet(request, networking.clock().timestamp());
        return UpdateSubnetResponse.newBuilder().setSubnet(networking.commit(action)).build();
    }

    DeleteSubnetResponse delete(DeleteSubnetRequest request) {
        SubnetRequests.check(request);
        networking.commit(new DeleteSubnet(request));
        return DeleteSubnetResponse.getDefaultInstance();
    }

    AllocateIPResponse allocate(AllocateIPRequest request) {
        SubnetRequests.check(request);
        AllocateIP action =
                new AllocateIP(
                        request,
                        Networking.mark(request.getRequestId(), request),
                        networking.fresh(1));
        return AllocateIPResponse.newBuilder().setAllocation(networking.commit(action)).build();
    }

    ReleaseIPResponse release(ReleaseIPRequest request) {
        SubnetRequests.check(request);
        networking.commit(new ReleaseIP(request));
        return ReleaseIPResponse.getDefaultInstance();
    }

    ListAllocationsResponse allocations(ListAllocationsRequest request) {
        SubnetRequests.check(request);
        Snapshot now = networking.now();
        String subnet = request.getSubnetId();
        Lookup.subnet(now, subnet, 0);
        Listing<IPAllocation> listing =
                Listing.of(
                        now.network().allocationsOf(subnet),
                        id -> NetworkViews.allocation(now, id).orElseThrow(),
                        held -> NetworkKeys.allocation(subnet, Address.parse(held.getIpAddress())));
        ListAllocationsRequest filters =
                request.toBuilder().clearPageSize().clearPageToken().build();
        Pages.Page<IPAllocation> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListAllocationsResponse.newBuilder()
                .addAllAllocations(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }
}
