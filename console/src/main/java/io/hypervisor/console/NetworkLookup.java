package io.hypervisor.console;

import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.api.v1.ListFloatingIPsResponse;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.ListPortsResponse;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.ListRoutersResponse;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.ListSecurityGroupsResponse;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.ListSubnetsResponse;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;

import java.util.List;
import java.util.function.Function;

/** Finds resources of the network by name, address, id, or the beginning of an id. */
final class NetworkLookup {
    private final Session session;

    NetworkLookup(Session session) {
        this.session = session;
    }

    Network network(String named) {
        return one(
                "network",
                named,
                networks(ListNetworksRequest.getDefaultInstance(), Lookup.SEARCHED)
                        .getNetworksList(),
                Network::getId,
                Network::getName);
    }

    Subnet subnet(String named) {
        return one(
                "subnet",
                named,
                subnets(ListSubnetsRequest.getDefaultInstance(), Lookup.SEARCHED).getSubnetsList(),
                Subnet::getId,
                Subnet::getName);
    }

    /** By name or address, too. */
    Port port(String named) {
        List<Port> all =
                ports(ListPortsRequest.getDefaultInstance(), Lookup.SEARCHED).getPortsList();
        return one(
                "port",
                named,
                all,
                Port::getId,
                port -> port.getIpAddress().equals(named) ? named : port.getName());
    }

    SecurityGroup group(String named) {
        return one(
                "security-group",
                named,
                groups(ListSecurityGroupsRequest.getDefaultInstance(), Lookup.SEARCHED)
                        .getSecurityGroupsList(),
                SecurityGroup::getId,
                SecurityGroup::getName);
    }

    Router router(String named) {
        return one(
                "router",
                named,
                routers(ListRoutersRequest.getDefaultInstance(), Lookup.SEARCHED).getRoutersList(),
                Router::getId,
                Router::getName);
    }

    FloatingIP floatingIp(String named) {
        return one(
                "floating-ip",
                named,
                floatingIps(ListFloatingIPsRequest.getDefaultInstance(), Lookup.SEARCHED)
                        .getFloatingIpsList(),
                FloatingIP::getId,
                FloatingIP::getFloatingIp);
    }

    private static <T> T one(
            String noun,
            String named,
            List<T> all,
            Function<T, String> id,
            Function<T, String> name) {
        List<T> exact = all.stream().filter(item -> name.apply(item).equals(named)).toList();
        if (exact.size() == 1) {
            return exact.getFirst();
        }
        if (exact.size() > 1) {
            throw Lookup.several(noun + "s", named, exact, id, name);
        }
        return Lookup.only(noun, named, all, id, name);
    }

    ListNetworksResponse networks(ListNetworksRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.network()
                                .listNetworks(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }

    ListSubnetsResponse subnets(ListSubnetsRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.network()
                                .listSubnets(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }

    ListPortsResponse ports(ListPortsRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.network()
                                .listPorts(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }

    ListSecurityGroupsResponse groups(ListSecurityGroupsRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.network()
                                .listSecurityGroups(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }

    ListRoutersResponse routers(ListRoutersRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.network()
                                .listRouters(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }

    ListFloatingIPsResponse floatingIps(ListFloatingIPsRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.network()
                                .listFloatingIPs(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }
}
