package io.hypervisor.controller.watch;

import com.google.protobuf.Message;

import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkResource;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.RouterViews;
import io.hypervisor.controller.state.Snapshot;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A resource of the network as a watch shows it.
 *
 * @param networkId of networks, subnets and ports; "" for others
 * @param tenantId of a subnet that of its network
 */
public record NetworkItem(NetworkResource kind, String networkId, String tenantId, Message view) {

    /** The keys of everything that exists: kind, slash, id. */
    static Stream<String> keys(Snapshot now) {
        return Stream.of(
                        keys(NetworkResource.NETWORK_RESOURCE_NETWORK, now.network().networks()),
                        keys(NetworkResource.NETWORK_RESOURCE_SUBNET, now.network().subnets()),
                        keys(NetworkResource.NETWORK_RESOURCE_PORT, now.network().ports()),
                        keys(
                                NetworkResource.NETWORK_RESOURCE_SECURITY_GROUP,
                                now.network().securityGroups()),
                        keys(NetworkResource.NETWORK_RESOURCE_ROUTER, now.network().routers()),
                        keys(
                                NetworkResource.NETWORK_RESOURCE_FLOATING_IP,
                                now.network().floatingIps()))
                .flatMap(all -> all);
    }

    private static Stream<String> keys(NetworkResource kind, Map<String, ?> table) {
        return table.keySet().stream().map(id -> key(kind, id));
    }

    static String key(NetworkResource kind, String id) {
        return kind.name() + "/" + id;
    }

    /** The resource of a key. */
    static Optional<NetworkItem> of(Snapshot now, String key) {
        int slash = key.indexOf('/');
        NetworkResource kind = NetworkResource.valueOf(key.substring(0, slash));
        String id = key.substring(slash + 1);
        return switch (kind) {
            case NETWORK_RESOURCE_NETWORK -> NetworkViews.network(now, id).map(NetworkItem::of);
            case NETWORK_RESOURCE_SUBNET ->
                    NetworkViews.subnet(now, id).map(subnet -> of(now, subnet));
            case NETWORK_RESOURCE_PORT -> NetworkViews.port(now, id).map(NetworkItem::of);
            case NETWORK_RESOURCE_SECURITY_GROUP ->
                    NetworkViews.securityGroup(now, id).map(NetworkItem::of);
            case NETWORK_RESOURCE_ROUTER -> RouterViews.router(now, id).map(NetworkItem::of);
            case NETWORK_RESOURCE_FLOATING_IP ->
                    RouterViews.floatingIp(now, id).map(NetworkItem::of);
            case NETWORK_RESOURCE_UNSPECIFIED, UNRECOGNIZED ->
                    throw new IllegalArgumentException(key);
        };
    }

    private static NetworkItem of(Network network) {
        return new NetworkItem(
                NetworkResource.NETWORK_RESOURCE_NETWORK,
                network.getId(),
                network.getTenantId(),
                network);
    }

    private static NetworkItem of(Snapshot now, Subnet subnet) {
        String tenant =
                NetworkViews.network(now, subnet.getNetworkId())
                        .map(Network::getTenantId)
                        .orElse("");
        return new NetworkItem(
                NetworkResource.NETWORK_RESOURCE_SUBNET, subnet.getNetworkId(), tenant, subnet);
    }

    private static NetworkItem of(Port port) {
        return new NetworkItem(
                NetworkResource.NETWORK_RESOURCE_PORT,
                port.getNetworkId(),
                port.getTenantId(),
                port);
    }

    private static NetworkItem of(SecurityGroup group) {
        return new NetworkItem(
                NetworkResource.NETWORK_RESOURCE_SECURITY_GROUP, "", group.getTenantId(), group);
    }

    private static NetworkItem of(Router router) {
        return new NetworkItem(
                NetworkResource.NETWORK_RESOURCE_ROUTER, "", router.getTenantId(), router);
    }

    private static NetworkItem of(FloatingIP ip) {
        return new NetworkItem(
                NetworkResource.NETWORK_RESOURCE_FLOATING_IP, "", ip.getTenantId(), ip);
    }
}
