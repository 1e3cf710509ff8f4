package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.GetRouterRequest;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.Route;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateRouterRequest;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Routers and floating IPs, asked for as clients do. */
final class RoutersTest extends NetworkClient {
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    // ---- what is needed

    private static String name() {
        return "name-" + NUMBERS.incrementAndGet();
    }

    private static Subnet subnet(String cidr) {
        return subnet(CreateNetworkRequest.newBuilder(), cidr);
    }

    private static Subnet subnet(CreateNetworkRequest.Builder network, String cidr) {
        String id = api.createNetwork(network.setName(name()).build()).getNetwork().getId();
        return subnetOf(id, cidr);
    }

    private static Subnet subnetOf(String networkId, String cidr) {
        return api.createSubnet(
                        CreateSubnetRequest.newBuilder()
                                .setName(name())
                                .setNetworkId(networkId)
                                .setCidr(cidr)
                                .build())
                .getSubnet();
    }

    private static Subnet external(String cidr) {
        return subnet(
                CreateNetworkRequest.newBuilder()
                        .setType(NetworkType.NETWORK_TYPE_FLAT)
                        .setPhysicalNetwork(name())
                        .setExternal(true),
                cidr);
    }

    private static Router router() {
        return create(CreateRouterRequest.newBuilder());
    }

    private static Router routerTo(Subnet outside) {
        return create(
                CreateRouterRequest.newBuilder()
                        .setExternalGateway(
                                ExternalGateway.newBuilder()
                                        .setNetworkId(outside.getNetworkId())
                                        .setEnableSnat(true)));
    }

    private static Router create(CreateRouterRequest.Builder request) {
        return api.createRouter(request.setName(name()).build()).getRouter();
    }

    private static Router get(Router router) {
        return api.getRouter(GetRouterRequest.newBuilder().setRouterId(router.getId()).build())
                .getRouter();
    }

    private static String attach(Router router, Subnet subnet) {
        return api.addRouterInterface(
                        AddRouterInterfaceRequest.newBuilder()
                                .setRouterId(router.getId())
                                .setSubnetId(subnet.getId())
                                .build())
                .getPortId();
    }

    private static void detach(Router router, Subnet subnet) {
        api.removeRouterInterface(
                RemoveRouterInterfaceRequest.newBuilder()
                        .setRouterId(router.getId())
                        .setSubnetId(subnet.getId())
                        .build());
    }

    private static Router route(Router router, String destination, String hop) {
        return api.addRoute(
                        AddRouteRequest.newBuilder()
                                .setRouterId(router.getId())
                                .setDestination(destination)
                                .setNexthop(hop)
                                .build())
                .getRouter();
    }

    private static Port port(Subnet subnet) {
        return api.createPort(
                        CreatePortRequest.newBuilder()
                                .setNetworkId(subnet.getNetworkId())
                                .setSubnetId(subnet.getId())
                                .build())
                .getPort();
    }

    private static List<String> held(Subnet subnet) {
        return api
                .listAllocations(
                        ListAllocationsRequest.newBuilder().setSubnetId(subnet.getId()).build())
                .getAllocationsList()
                .stream()
                .map(IPAllocation::getIpAddress)
                .toList();
    }

    private static void refused(Status.Code code, String text, Runnable call) {
        try {
            call.run();
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(code);
            assertThat(e.getStatus().getDescription()).contains(text);
            return;
        }
        throw new AssertionError("not refused (expected: " + code + " " + text + ")");
    }

    // ---- routers

    @Test
    void aRouterJoinsSubnets() {
        Subnet one = subnet("10.1.0.0/24");
        Subnet two = subnet("10.2.0.0/24");
        Router router = router();
        assertThat(router.getAdminState()).isTrue();
        assertThat(router.getDistributed()).isTrue();
        assertThat(router.getStatus()).isEqualTo("ACTIVE");
        String portId = attach(router, one);
        Port port = api.getPort(GetPortRequest.newBuilder().setPortId(portId).build()).getPort();
        assertThat(port.getIpAddress()).isEqualTo("10.1.0.1");
        assertThat(port.getMacAddress()).startsWith("02:68:76:");
        assertThat(get(router).getRevision()).isGreaterThan(router.getRevision());
        refused(Status.Code.ALREADY_EXISTS, one.getId(), () -> attach(router, one));
        refused(
                Status.Code.FAILED_PRECONDITION,
                "attached to router " + router.getId(),
                () -> attach(router(), one));
        refused(
                Status.Code.FAILED_PRECONDITION,
                "10.1.0.0/24",
                () -> attach(router, subnet("10.1.0.128/25")));
        attach(router, two);
        refused(
                Status.Code.FAILED_PRECONDITION,
                "interface in subnet " + one.getId(),
                () -> delete(router));
        detach(router, one);
        assertThat(held(one)).containsExactly("10.1.0.1");
        refused(Status.Code.NOT_FOUND, one.getId(), () -> detach(router, one));
        refused(
                Status.Code.NOT_FOUND,
                portId,
                () -> api.getPort(GetPortRequest.newBuilder().setPortId(portId).build()));
        detach(router, two);
        delete(router);
        refused(Status.Code.NOT_FOUND, router.getId(), () -> get(router));
    }

    private static void delete(Router router) {
        api.deleteRouter(DeleteRouterRequest.newBuilder().setRouterId(router.getId()).build());
    }

    @Test
    void interfacesAreRetriedAndOfOnesOwnTenant() {
        Subnet subnet = subnet("10.1.0.0/24");
        Router router = router();
        AddRouterInterfaceRequest request =
                AddRouterInterfaceRequest.newBuilder()
                        .setRouterId(router.getId())
                        .setSubnetId(subnet.getId())
                        .setExpectedRevision(router.getRevision())
                        .setRequestId("once")
                        .build();
        String port = api.addRouterInterface(request).getPortId();
        assertThat(api.addRouterInterface(request).getPortId()).isEqualTo(port);
        Router other = create(CreateRouterRequest.newBuilder().setTenantId("other"));
        refused(
                Status.Code.PERMISSION_DENIED,
                "belongs to tenant default",
                () -> attach(other, subnet("10.9.0.0/24")));
        attach(other, subnet(CreateNetworkRequest.newBuilder().setShared(true), "10.9.0.0/24"));
    }

    @Test
    void routesLeadThroughAttachedSubnets() {
        Subnet subnet = subnet("10.3.0.0/24");
        Router router = router();
        refused(
                Status.Code.FAILED_PRECONDITION,
                "nexthop: value: 10.3.0.9",
                () -> route(router, "10.99.0.0/16", "10.3.0.9"));
        attach(router, subnet);
        route(router, "192.168.0.0/16", "10.3.0.9");
        Router two = route(router, "10.99.0.0/16", "10.3.0.9");
        assertThat(two.getRoutesList())
                .extracting(Route::getDestination)
                .containsExactly("10.99.0.0/16", "192.168.0.0/16");
        assertThat(route(router, "10.99.0.0/16", "10.3.0.9")).isEqualTo(two);
        refused(
                Status.Code.ALREADY_EXISTS,
                "10.3.0.9",
                () -> route(router, "10.99.0.0/16", "10.3.0.10"));
        refused(
                Status.Code.INVALID_ARGUMENT,
                "destination",
                () -> route(router, "10.99.0.1/16", "10.3.0.9"));
        refused(
                Status.Code.INVALID_ARGUMENT,
                "nexthop",
                () -> route(router, "fd00::/16", "10.3.0.9"));
        refused(
                Status.Code.FAILED_PRECONDITION,
                "route to 10.99.0.0/16",
                () -> detach(router, subnet));
        for (String destination : List.of("10.99.0.0/16", "192.168.0.0/16")) {
            api.removeRoute(
                    RemoveRouteRequest.newBuilder()
                            .setRouterId(router.getId())
                            .setDestination(destination)
                            .build());
        }
        detach(router, subnet);
    }

    @Test
    void aGatewayTakesAddressesOfTheExternalNetwork() {
        Subnet outside = external("203.0.113.0/28");
        Subnet outside6 = subnetOf(outside.getNetworkId(), "2001:db8::/64");
        Router router = routerTo(outside);
        assertThat(router.getExternalGateway().getExternalFixedIpsList())
                .extracting(FixedIP::getIpAddress)
                .containsExactly("203.0.113.2", "2001:db8::2");
        assertThat(held(outside)).containsExactly("203.0.113.1", "203.0.113.2");
        refused(
                Status.Code.FAILED_PRECONDITION,
                "not external",
                () -> routerTo(subnet("10.1.0.0/24")));
        refused(
                Status.Code.FAILED_PRECONDITION,
                "is of external network",
                () -> attach(router, outside));
        refused(
                Status.Code.FAILED_PRECONDITION,
                "203.0.113.0/28",
                () -> attach(router, subnet("203.0.113.0/24")));

        Router quiet = update(router, Router.newBuilder().setAdminState(false), "admin_state");
        assertThat(quiet.getAdminState()).isFalse();
        assertThat(quiet.getExternalGateway()).isEqualTo(router.getExternalGateway());
        Router.Builder plain =
                Router.newBuilder()
                        .setExternalGateway(
                                ExternalGateway.newBuilder().setNetworkId(outside.getNetworkId()));
        Router noSnat = update(router, plain, "external_gateway");
        assertThat(noSnat.getExternalGateway().getEnableSnat()).isFalse();
        assertThat(noSnat.getExternalGateway().getExternalFixedIpsList())
                .isEqualTo(router.getExternalGateway().getExternalFixedIpsList());

        Router without = update(router, Router.newBuilder(), "external_gateway");
        assertThat(without.hasExternalGateway()).isFalse();
        assertThat(held(outside)).containsExactly("203.0.113.1");
        Router.Builder byHand = Router.newBuilder();
        byHand.getExternalGatewayBuilder()
                .setNetworkId(outside.getNetworkId())
                .addExternalFixedIps(FixedIP.newBuilder().setIpAddress("203.0.113.9"));
        assertThat(update(router, byHand, "external_gateway").getExternalGateway())
                .satisfies(
                        gateway ->
                                assertThat(gateway.getExternalFixedIps(0).getSubnetId())
                                        .isEqualTo(outside.getId()));
        assertThat(held(outside)).containsExactly("203.0.113.1", "203.0.113.9");
        byHand.getExternalGatewayBuilder()
                .addExternalFixedIps(FixedIP.newBuilder().setSubnetId(outside6.getId()));
        assertThat(
                        update(router, byHand, "external_gateway")
                                .getExternalGateway()
                                .getExternalFixedIpsList())
                .extracting(FixedIP::getIpAddress)
                .containsExactly("203.0.113.9", "2001:db8::2");
        assertThat(held(outside)).containsExactly("203.0.113.1", "203.0.113.9");
        delete(router);
        assertThat(held(outside)).containsExactly("203.0.113.1");
        assertThat(held(outside6)).containsExactly("2001:db8::1");
    }

    private static Router update(Router router, Router.Builder next, String... fields) {
        return api.updateRouter(
                        UpdateRouterRequest.newBuilder()
                                .setRouter(next.setId(router.getId()))
                                .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(fields)))
                                .build())
                .getRouter();
    }

    @Test
    void routersAreListed() {
        Router mine = create(CreateRouterRequest.newBuilder().setTenantId("lists"));
        assertThat(
                        api.listRouters(
                                        ListRoutersRequest.newBuilder()
                                                .setTenantId("lists")
                                                .build())
                                .getRoutersList())
                .containsExactly(mine);
    }

    // ---- floating IPs

    private static FloatingIP floating(Subnet outside) {
        return api.createFloatingIP(
                        CreateFloatingIPRequest.newBuilder()
                                .setFloatingNetworkId(outside.getNetworkId())
                                .build())
                .getFloatingIp();
    }

    private static FloatingIP associate(FloatingIP floating, Port port) {
        return api.associateFloatingIP(
                        AssociateFloatingIPRequest.newBuilder()
                                .setFloatingIpId(floating.getId())
                                .setPortId(port.getId())
                                .build())
                .getFloatingIp();
    }

    @Test
    void aFloatingIpMapsToAPortThatARouterJoins() {
        Subnet outside = external("203.0.113.0/29");
        Subnet inside = subnet("10.4.0.0/24");
        Port port = port(inside);
        Port other = port(inside);
        FloatingIP floating = floating(outside);
        assertThat(floating.getFloatingIp()).isEqualTo("203.0.113.2");
        assertThat(floating.getStatus()).isEqualTo("DOWN");
        refused(
                Status.Code.FAILED_PRECONDITION,
                "no router joins",
                () -> associate(floating, port));
        Router router = routerTo(outside);
        attach(router, inside);
        FloatingIP mapped = associate(floating, port);
        assertThat(mapped.getFixedIp()).isEqualTo(port.getIpAddress());
        assertThat(associate(floating, port)).isEqualTo(mapped);
        FloatingIP second = floating(outside);
        refused(Status.Code.ALREADY_EXISTS, floating.getId(), () -> associate(second, port));
        refused(
                Status.Code.FAILED_PRECONDITION,
                "floating IP " + floating.getId(),
                () -> detach(router, inside));
        refused(
                Status.Code.FAILED_PRECONDITION,
                "floating IP " + floating.getId(),
                () -> update(router, Router.newBuilder(), "external_gateway"));
        refused(Status.Code.FAILED_PRECONDITION, "port " + port.getId(), () -> delete(floating));
        assertThat(associate(floating, other).getPortId()).isEqualTo(other.getId());
        assertThat(
                        api.listFloatingIPs(
                                        ListFloatingIPsRequest.newBuilder()
                                                .setPortId(other.getId())
                                                .build())
                                .getFloatingIpsList())
                .extracting(FloatingIP::getId)
                .containsExactly(floating.getId());
        DisassociateFloatingIPRequest end =
                DisassociateFloatingIPRequest.newBuilder()
                        .setFloatingIpId(floating.getId())
                        .build();
        assertThat(api.disassociateFloatingIP(end).getFloatingIp().getPortId()).isEmpty();
        delete(floating);
        delete(second);
        assertThat(held(outside)).containsExactly("203.0.113.1", "203.0.113.3");
    }

    private static void delete(FloatingIP floating) {
        api.deleteFloatingIP(
                DeleteFloatingIPRequest.newBuilder().setFloatingIpId(floating.getId()).build());
    }

    @Test
    void floatingIpsEndWithTheSubnetsAddresses() {
        Subnet outside = external("203.0.113.0/30");
        floating(outside);
        refused(Status.Code.RESOURCE_EXHAUSTED, outside.getCidr(), () -> floating(outside));
    }
}
