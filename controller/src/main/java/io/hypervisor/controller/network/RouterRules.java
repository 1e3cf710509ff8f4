package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Route;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What the verbs of routers share. */
public final class RouterRules {
    private RouterRules() {}

    /**
     * The router with a gateway; adds the edits that take its addresses.
     *
     * @param fresh its second id makes the MAC address, the later ones are those of allocations
     */
    public static RouterRecord withGateway(
            Snapshot now,
            NetworkConfig config,
            RouterRecord record,
            Gateways.Wish wish,
            Fresh fresh,
            List<Edit> edits) {
        String id = record.getRouter().getId();
        List<String> ids = fresh.ids().subList(2, fresh.ids().size());
        Gateways.Chosen chosen = Gateways.choose(now, wish, id, ids, fresh.at());
        String network = chosen.gateway().getNetworkId();
        for (RouterInterface end : record.getInterfacesList()) {
            Prefix range = range(now, end.getSubnetId());
            Gateways.subnets(now, network).stream()
                    .filter(outside -> Addresses.overlap(range, Prefix.parse(outside.getCidr())))
                    .findFirst()
                    .ifPresent(
                            outside -> {
                                throw overlap(range, outside);
                            });
        }
        edits.addAll(chosen.edits());
        RouterRecord.Builder next = record.toBuilder();
        next.getRouterBuilder().setExternalGateway(chosen.gateway());
        return next.setGatewayMac(Macs.next(now, config, fresh.ids().get(1)))
                .setGatewayNodeId(GatewayNodes.pick(now, id, network, record.getGatewayNodeId()))
                .build();
    }

    /** Writes a router again, its parts in order. */
    public static Edit write(RouterRecord.Builder record, Timestamp at) {
        List<RouterInterface> ends =
                record.getInterfacesList().stream()
                        .sorted(Comparator.comparing(RouterInterface::getSubnetId))
                        .toList();
        List<Route> routes =
                record.getRouter().getRoutesList().stream()
                        .sorted(Comparator.comparing(r -> Prefix.parse(r.getDestination())))
                        .toList();
        record.clearInterfaces().addAllInterfaces(ends);
        record.getRouterBuilder().clearRoutes().addAllRoutes(routes).setUpdatedAt(at);
        return Edit.put(Table.ROUTER, record.getRouter().getId(), record.build());
    }

    /** The route to a destination. */
    public static Optional<Route> route(Router router, String destination) {
        return router.getRoutesList().stream()
                .filter(route -> route.getDestination().equals(destination))
                .findFirst();
    }

    private static Prefix range(Snapshot now, String subnetId) {
        return Prefix.parse(Lookup.subnet(now, subnetId, 0).getSubnet().getCidr());
    }

    /** ALREADY_EXISTS, PERMISSION_DENIED or FAILED_PRECONDITION unless it can be attached. */
    public static void requireAttachable(
            Snapshot now, RouterRecord record, Subnet subnet, Network network) {
        String id = record.getRouter().getId();
        Tenants.requireMayUse(record.getRouter().getTenantId(), network);
        now.network().find(NetworkKeys.routerOfSubnet(subnet.getId())).stream()
                .findFirst()
                .ifPresent(
                        router -> {
                            throw attached(subnet, router, id);
                        });
        if (network.getExternal()) {
            throw refused(
                    "EXTERNAL",
                    "subnet "
                            + subnet.getId()
                            + ": is of external network "
                            + network.getId()
                            + " (expected: a subnet of another network; set it as the router's"
                            + " external_gateway)");
        }
        Prefix range = Prefix.parse(subnet.getCidr());
        String outside = record.getRouter().getExternalGateway().getNetworkId();
        Stream.concat(
                        record.getInterfacesList().stream()
                                .map(end -> Lookup.subnet(now, end.getSubnetId(), 0).getSubnet()),
                        Gateways.subnets(now, outside).stream())
                .filter(other -> Addresses.overlap(range, Prefix.parse(other.getCidr())))
                .findFirst()
                .ifPresent(
                        other -> {
                            throw overlap(range, other);
                        });
    }

    private static Fault attached(Subnet subnet, String router, String id) {
        if (router.equals(id)) {
            return Fault.alreadyExists(
                    "interface",
                    subnet.getId(),
                    "subnet_id: value: "
                            + subnet.getId()
                            + " (expected: a subnet that is not attached to this router)");
        }
        return refused(
                "ATTACHED",
                "subnet "
                        + subnet.getId()
                        + ": is attached to router "
                        + router
                        + " (expected: attached to none)");
    }

    private static Fault overlap(Prefix range, Subnet other) {
        return refused(
                "OVERLAP",
                "subnet range "
                        + range
                        + " (expected: no address of another subnet that the router joins; subnet "
                        + other.getId()
                        + " has "
                        + other.getCidr()
                        + ")");
    }

    private static Fault refused(String reason, String message) {
        return Fault.of(Fault.Kind.FAILED_PRECONDITION, reason, message);
    }

    /** FAILED_PRECONDITION while a route or a floating IP needs the subnet. */
    public static void requireDetachable(Snapshot now, RouterRecord record, Subnet subnet) {
        Prefix range = Prefix.parse(subnet.getCidr());
        List<String> floating =
                now.network().find(NetworkKeys.portOfSubnet(subnet.getId())).stream()
                        .flatMap(
                                port ->
                                        now
                                                .network()
                                                .find(NetworkKeys.floatingIpOfPort(port))
                                                .stream())
                        .toList();
        new Holders("interface in subnet", subnet.getId())
                .add("route to", routesBy(record, List.of(range)))
                .add(Lookup.type(Table.FLOATING_IP), floating)
                .throwIfAny("none; remove them first");
    }

    /** FAILED_PRECONDITION while a route or a floating IP needs the gateway. */
    public static void requireGatewayUnused(Snapshot now, RouterRecord record) {
        String network = record.getRouter().getExternalGateway().getNetworkId();
        List<Prefix> ranges =
                Gateways.subnets(now, network).stream()
                        .map(subnet -> Prefix.parse(subnet.getCidr()))
                        .toList();
        List<String> floating =
                now.network().find(NetworkKeys.floatingIpOfNetwork(network)).stream()
                        .filter(ip -> isServedBy(now, ip, record.getRouter().getId()))
                        .toList();
        new Holders("gateway of router", record.getRouter().getId())
                .add("route to", routesBy(record, ranges))
                .add(Lookup.type(Table.FLOATING_IP), floating)
                .throwIfAny("none; remove them first");
    }

    private static boolean isServedBy(Snapshot now, String floatingIpId, String routerId) {
        FloatingIP ip = Lookup.floatingIp(now, floatingIpId, 0).getFloatingIp();
        return !ip.getPortId().isEmpty()
                && now.network()
                        .find(
                                NetworkKeys.routerOfSubnet(
                                        Lookup.port(now, ip.getPortId(), 0)
                                                .getPort()
                                                .getSubnetId()))
                        .contains(routerId);
    }

    /** The destinations whose next hops are in these ranges. */
    private static List<String> routesBy(RouterRecord record, List<Prefix> ranges) {
        return record.getRouter().getRoutesList().stream()
                .filter(
                        route -> {
                            Address hop = Address.parse(route.getNexthop());
                            return ranges.stream().anyMatch(range -> range.contains(hop));
                        })
                .map(Route::getDestination)
                .toList();
    }

    /** FAILED_PRECONDITION unless the next hop is in an attached subnet or in the gateway's. */
    public static void requireNextHop(Snapshot now, RouterRecord record, Route route) {
        Address hop = Address.parse(route.getNexthop());
        String outside = record.getRouter().getExternalGateway().getNetworkId();
        boolean reached =
                Stream.concat(
                                record.getInterfacesList().stream()
                                        .map(end -> range(now, end.getSubnetId())),
                                Gateways.subnets(now, outside).stream()
                                        .map(subnet -> Prefix.parse(subnet.getCidr())))
                        .anyMatch(range -> range.contains(hop));
        if (!reached) {
            throw refused(
                    "UNREACHABLE_NEXT_HOP",
                    "nexthop: value: "
                            + route.getNexthop()
                            + " (expected: an address of a subnet that router "
                            + record.getRouter().getId()
                            + " is attached to, or of its gateway's network)");
        }
    }
}
