package io.hypervisor.cluster.network;

import com.google.protobuf.FieldMask;

import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.api.v1.NetworkServiceGrpc.NetworkServiceBlockingStub;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateRouterRequest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;

/** A router with its interfaces and routes, gone when closed. */
final class Routed implements AutoCloseable {
    final Router router;
    private final NetworkServiceBlockingStub api;
    private final Deque<Runnable> undo = new ArrayDeque<>();

    /** A router as asked for; its name is made up. */
    Routed(NetworkCluster cluster, CreateRouterRequest.Builder request) {
        api = cluster.network();
        router =
                api.createRouter(request.setName("router-" + UUID.randomUUID()).build())
                        .getRouter();
        undo.push(
                () ->
                        api.deleteRouter(
                                DeleteRouterRequest.newBuilder()
                                        .setRouterId(router.getId())
                                        .build()));
    }

    /** A router without a way out. */
    static Routed between(NetworkCluster cluster) {
        return new Routed(cluster, CreateRouterRequest.newBuilder());
    }

    Routed join(Subnet... subnets) {
        for (Subnet subnet : subnets) {
            api.addRouterInterface(
                    AddRouterInterfaceRequest.newBuilder()
                            .setRouterId(router.getId())
                            .setSubnetId(subnet.getId())
                            .build());
            undo.push(
                    () ->
                            api.removeRouterInterface(
                                    RemoveRouterInterfaceRequest.newBuilder()
                                            .setRouterId(router.getId())
                                            .setSubnetId(subnet.getId())
                                            .build()));
        }
        return this;
    }

    void route(String destination, String nexthop) {
        api.addRoute(
                AddRouteRequest.newBuilder()
                        .setRouterId(router.getId())
                        .setDestination(destination)
                        .setNexthop(nexthop)
                        .build());
        undo.push(
                () ->
                        api.removeRoute(
                                RemoveRouteRequest.newBuilder()
                                        .setRouterId(router.getId())
                                        .setDestination(destination)
                                        .build()));
    }

    void adminState(boolean up) {
        api.updateRouter(
                UpdateRouterRequest.newBuilder()
                        .setRouter(Router.newBuilder().setId(router.getId()).setAdminState(up))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("admin_state"))
                        .build());
    }

    @Override
    public void close() {
        undo.forEach(Runnable::run);
    }
}
