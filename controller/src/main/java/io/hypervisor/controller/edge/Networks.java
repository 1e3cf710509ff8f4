package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateNetworkResponse;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkResponse;
import io.hypervisor.api.v1.GetNetworkRequest;
import io.hypervisor.api.v1.GetNetworkResponse;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.api.v1.UpdateNetworkResponse;
import io.hypervisor.controller.action.network.CreateNetwork;
import io.hypervisor.controller.action.network.DeleteNetwork;
import io.hypervisor.controller.action.network.UpdateNetwork;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.function.Predicate;

/** NetworkService's networks. */
record Networks(Networking networking) {
    CreateNetworkResponse create(CreateNetworkRequest request) {
        NetworkRequests.check(request);
        return CreateNetworkResponse.newBuilder()
                .setNetwork(
                        networking.commit(
                                new CreateNetwork(
                                        request,
                                        Networking.mark(request.getRequestId(), request),
                                        networking.fresh(1),
                                        networking.config())))
                .build();
    }

    GetNetworkResponse get(GetNetworkRequest request) {
        NetworkRequests.check(request);
        String id = request.getNetworkId();
        return GetNetworkResponse.newBuilder()
                .setNetwork(
                        NetworkViews.network(networking.now(), id)
                                .orElseThrow(() -> Fault.notFound(Lookup.type(Table.NETWORK), id)))
                .build();
    }

    ListNetworksResponse list(ListNetworksRequest request) {
        NetworkRequests.check(request);
        Snapshot now = networking.now();
        ListNetworksRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Listing<Network> listing =
                Listing.of(
                        now.network().networks(),
                        id -> NetworkViews.network(now, id).orElseThrow(),
                        Network::getId);
        Predicate<Network> test =
                network ->
                        (request.getTenantId().isEmpty()
                                        || network.getTenantId().equals(request.getTenantId()))
                                && (request.getType() == NetworkType.NETWORK_TYPE_UNSPECIFIED
                                        || network.getType() == request.getType());
        if (!filters.equals(ListNetworksRequest.getDefaultInstance())) {
            listing = listing.where(test);
        }
        Pages.Page<Network> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListNetworksResponse.newBuilder()
                .addAllNetworks(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }

    UpdateNetworkResponse update(UpdateNetworkRequest request) {
        NetworkRequests.check(request);
        return UpdateNetworkResponse.newBuilder()
                .setNetwork(
                        networking.commit(
                                new UpdateNetwork(request, networking.clock().timestamp())))
                .build();
    }

    DeleteNetworkResponse delete(DeleteNetworkRequest request) {
        NetworkRequests.check(request);
        networking.commit(new DeleteNetwork(request));
        return DeleteNetworkResponse.getDefaultInstance();
    }
}
