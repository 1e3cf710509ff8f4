package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouteResponse;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.AddRouterInterfaceResponse;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.CreateRouterResponse;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.api.v1.DeleteRouterResponse;
import io.hypervisor.api.v1.GetRouterRequest;
import io.hypervisor.api.v1.GetRouterResponse;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.ListRoutersResponse;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.RemoveRouteResponse;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.RemoveRouterInterfaceResponse;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.UpdateRouterRequest;
import io.hypervisor.api.v1.UpdateRouterResponse;
import io.hypervisor.controller.action.network.AddRoute;
import io.hypervisor.controller.action.network.AddRouterInterface;
import io.hypervisor.controller.action.network.CreateRouter;
import io.hypervisor.controller.action.network.DeleteRouter;
import io.hypervisor.controller.action.network.RemoveRoute;
import io.hypervisor.controller.action.network.RemoveRouterInterface;
import io.hypervisor.controller.action.network.UpdateRouter;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.RouterViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

/** NetworkService's routers, their interfaces and routes. */
record Routers(Networking networking) {
    CreateRouterResponse create(CreateRouterRequest request) {
        RouterRequests.check(request);
        return CreateRouterResponse.newBuilder()
                .setRouter(
                        networking.commit(
                                new CreateRouter(
                                        request,
                                        Networking.mark(request.getRequestId(), request),
                                        networking.fresh(CreateRouter.RECORDS),
                                        networking.config())))
                .build();
    }

    GetRouterResponse get(GetRouterRequest request) {
        RouterRequests.check(request);
        String id = request.getRouterId();
        return GetRouterResponse.newBuilder()
                .setRouter(
                        RouterViews.router(networking.now(), id)
                                .orElseThrow(() -> Fault.notFound(Lookup.type(Table.ROUTER), id)))
                .build();
    }

    ListRoutersResponse list(ListRoutersRequest request) {
        RouterRequests.check(request);
        Snapshot now = networking.now();
        ListRoutersRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Listing<Router> listing =
                Listing.of(
                        now.network().routers(),
                        id -> RouterViews.router(now, id).orElseThrow(),
                        Router::getId);
        if (!request.getTenantId().isEmpty()) {
            listing = listing.where(router -> router.getTenantId().equals(request.getTenantId()));
        }
        Pages.Page<Router> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListRoutersResponse.newBuilder()
                .addAllRouters(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }

    UpdateRouterResponse update(UpdateRouterRequest request) {
        RouterRequests.check(request);
        return UpdateRouterResponse.newBuilder()
                .setRouter(
                        networking.commit(
                                new UpdateRouter(
                                        request,
                                        networking.fresh(UpdateRouter.RECORDS),
                                        networking.config())))
                .build();
    }

    DeleteRouterResponse delete(DeleteRouterRequest request) {
        RouterRequests.check(request);
        networking.commit(new DeleteRouter(request));
        return DeleteRouterResponse.getDefaultInstance();
    }

    AddRouterInterfaceResponse addInterface(AddRouterInterfaceRequest request) {
        RouterRequests.check(request);
        return AddRouterInterfaceResponse.newBuilder()
                .setPortId(
                        networking.commit(
                                new AddRouterInterface(
                                        request,
                                        Networking.mark(request.getRequestId(), request),
                                        networking.fresh(AddRouterInterface.RECORDS),
                                        networking.config())))
                .build();
    }

    RemoveRouterInterfaceResponse removeInterface(RemoveRouterInterfaceRequest request) {
        RouterRequests.check(request);
        networking.commit(new RemoveRouterInterface(request, networking.clock().timestamp()));
        return RemoveRouterInterfaceResponse.getDefaultInstance();
    }

    AddRouteResponse addRoute(AddRouteRequest request) {
        RouterRequests.check(request);
        return AddRouteResponse.newBuilder()
                .setRouter(networking.commit(new AddRoute(request, networking.clock().timestamp())))
                .build();
    }

    RemoveRouteResponse removeRoute(RemoveRouteRequest request) {
        RouterRequests.check(request);
        return RemoveRouteResponse.newBuilder()
                .setRouter(
                        networking.commit(new RemoveRoute(request, networking.clock().timestamp())))
                .build();
    }
}
