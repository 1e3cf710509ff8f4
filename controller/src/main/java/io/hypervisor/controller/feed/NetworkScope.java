package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which part of the network concerns a node: of the domains in which it carries a port or is a
 * router's gateway all networks, and the groups of its own ports. Pure.
 */
record NetworkScope(Set<String> networks, Set<String> groups) {

    static NetworkScope of(Snapshot now, String nodeId) {
        Set<String> own = new HashSet<>();
        Set<String> groups = new HashSet<>();
        ports(now, nodeId)
                .map(PortRecord::getPort)
                .forEach(
                        port -> {
                            own.add(port.getNetworkId());
                            groups.addAll(port.getSecurityGroupsList());
                        });
        for (String id : now.network().find(NetworkKeys.routerOfGatewayNode(nodeId))) {
            own.addAll(joined(router(now.network(), id)));
        }
        return new NetworkScope(domains(now.network(), own), groups);
    }

    /** The networks that a node carries ports of, whatever routers join them with. */
    static Set<String> carriedBy(Snapshot now, String nodeId) {
        Set<String> networks = new HashSet<>();
        ports(now, nodeId).forEach(record -> networks.add(record.getPort().getNetworkId()));
        return networks;
    }

    private static Stream<PortRecord> ports(Snapshot now, String nodeId) {
        return now.portsOn(nodeId).map(id -> now.network().ports().get(id).value());
    }

    /**
     * These networks and all that routers join them with; external networks of gateways are added
     * and not followed.
     */
    static Set<String> domains(NetworkState network, Collection<String> networks) {
        Set<String> all = new HashSet<>(networks);
        Set<String> external = new HashSet<>();
        Queue<String> todo = new ArrayDeque<>(all);
        while (!todo.isEmpty()) {
            for (String id : network.find(NetworkKeys.routerOfNetwork(todo.remove()))) {
                RouterRecord router = router(network, id);
                joined(router).stream().filter(all::add).forEach(todo::add);
                external.add(router.getRouter().getExternalGateway().getNetworkId());
            }
        }
        external.remove("");
        all.addAll(external);
        return all;
    }

    /** The networks that a router has interfaces in. */
    static Set<String> joined(RouterRecord router) {
        Set<String> networks = new HashSet<>();
        router.getInterfacesList().stream()
                .map(RouterInterface::getNetworkId)
                .forEach(networks::add);
        return networks;
    }

    private static RouterRecord router(NetworkState network, String id) {
        return network.routers().get(id).value();
    }
}
