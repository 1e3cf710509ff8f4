package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Finds what a commit changed in the nodes' parts of the network, from the edits and the indexes:
 * never by looking at all nodes. Pure.
 */
final class NetworkChanges {
    private final Snapshot before;
    private final Snapshot after;
    // Objects that the edits may have changed.
    private final Set<String> keys = new HashSet<>();
    // Networks in whose domains nodes may see it.
    private final Set<String> networks = new HashSet<>();
    // Nodes that may see it whatever the network.
    private final Set<String> nodes = new HashSet<>();
    // Instances whose interfaces may have changed.
    private final Set<String> instances = new HashSet<>();

    NetworkChanges(Snapshot before, Snapshot after, List<Edit> edits) {
        this.before = before;
        this.after = after;
        edits.forEach(this::touch);
    }

    /** Instances whose interfaces may be others now. */
    Set<String> instances() {
        return instances;
    }

    /** The nodes whose parts changed, each with the keys of the objects in question. */
    Map<String, Set<String>> byNode() {
        Map<String, Set<String>> changes = new HashMap<>();
        for (Snapshot at : List.of(before, after)) {
            networks.forEach(id -> addViewers(at, id));
        }
        for (String node : nodes) {
            Set<String> changed = changed(node);
            if (!changed.isEmpty()) {
                changes.put(node, changed);
            }
        }
        return changes;
    }

    private Set<String> changed(String node) {
        NetworkScope scopeBefore = NetworkScope.of(before, node);
        NetworkScope scopeAfter = NetworkScope.of(after, node);
        NetworkObjects old = new NetworkObjects(before, scopeBefore);
        NetworkObjects next = new NetworkObjects(after, scopeAfter);
        Set<String> candidates = new HashSet<>(keys);
        if (!scopeBefore.equals(scopeAfter)) {
            candidates.addAll(old.keys());
            candidates.addAll(next.keys());
        }
        candidates.removeIf(key -> old.get(key).equals(next.get(key)));
        return candidates;
    }

    /** The nodes that see a network: those that carry a port of its domain, and gateways. */
    private void addViewers(Snapshot at, String networkId) {
        NetworkState network = at.network();
        Set<String> from = new HashSet<>(Set.of(networkId));
        for (String router : network.find(NetworkKeys.routerWithGateway(networkId))) {
            from.addAll(NetworkScope.joined(network.routers().get(router).value()));
        }
        for (String id : NetworkScope.domains(network, from)) {
            nodes.addAll(network.carriers(id).keySet());
            for (String router : network.find(NetworkKeys.routerOfNetwork(id))) {
                nodes.add(network.routers().get(router).value().getGatewayNodeId());
            }
        }
        nodes.remove("");
    }

    private void touch(Edit edit) {
        String id = edit.id();
        switch (edit.table()) {
            case INSTANCE, PLACEMENT -> bothPorts(NetworkKeys.portOfInstance(id));
            case PORT -> port(id);
            case ALLOCATION ->
                    both(network -> network.allocations().get(id))
                            .map(record -> record.getAllocation().getPortId())
                            .filter(port -> !port.isEmpty())
                            .forEach(this::port);
            case NETWORK -> {
                keys.add(NetworkObjects.networkKey(id));
                networks.add(id);
                floatingIpsOf(id);
                if (mtu(before, id) != mtu(after, id)) {
                    instancesOf(NetworkKeys.portOfNetwork(id));
                }
            }
            case SUBNET -> {
                keys.add(NetworkObjects.subnetKey(id));
                both(network -> network.subnets().get(id))
                        .forEach(record -> networks.add(record.getSubnet().getNetworkId()));
                instancesOf(NetworkKeys.portOfSubnet(id));
                after.network()
                        .allocationsOf(id)
                        .values()
                        .forEach(record -> instanceOf(record.value().getAllocation().getPortId()));
            }
            case SECURITY_GROUP -> group(id);
            case ROUTER -> router(id);
            case FLOATING_IP -> floatingIp(id);
            case NODE -> node(id);
            case CLUSTER,
                    LEADER,
                    HISTORY,
                    IMAGE,
                    HEALTH,
                    OBSERVED,
                    LOCAL,
                    PORT_STATE,
                    NODE_NETWORK -> {}
        }
    }

    /** A record before and after. */
    private <T> Stream<T> both(Function<NetworkState, Entry<T>> record) {
        return Stream.of(before, after)
                .map(at -> record.apply(at.network()))
                .filter(Objects::nonNull)
                .map(Entry::value);
    }

    private static int mtu(Snapshot at, String id) {
        return Optional.ofNullable(at.network().networks().get(id))
                .map(entry -> entry.value().getNetwork().getMtu())
                .orElse(0);
    }

    private void bothPorts(String key) {
        Stream.of(before, after)
                .flatMap(at -> at.network().find(key).stream())
                .distinct()
                .forEach(this::port);
    }

    private void instancesOf(String key) {
        after.network().find(key).forEach(this::instanceOf);
    }

    private void instanceOf(String portId) {
        Optional.ofNullable(after.network().ports().get(portId))
                .ifPresent(entry -> addInstance(entry.value()));
    }

    private void addInstance(PortRecord record) {
        if (!record.getPort().getInstanceId().isEmpty()) {
            instances.add(record.getPort().getInstanceId());
        }
    }

    /**
     * A port, what maps to it, and the endpoint of its node, which others may need because of it.
     */
    private void port(String id) {
        keys.add(NetworkObjects.portKey(id));
        for (Snapshot at : List.of(before, after)) {
            var entry = at.network().ports().get(id);
            if (entry != null) {
                String node = at.nodeOf(entry.value().getPort());
                networks.add(entry.value().getPort().getNetworkId());
                nodes.add(node);
                keys.add(NetworkObjects.vtepKey(node));
                addInstance(entry.value());
            }
            at.network()
                    .find(NetworkKeys.floatingIpOfPort(id))
                    .forEach(ip -> keys.add(NetworkObjects.floatingIpKey(ip)));
        }
        nodes.remove("");
    }

    private void networkOf(String portId) {
        both(network -> network.ports().get(portId))
                .forEach(record -> networks.add(record.getPort().getNetworkId()));
    }

    private void group(String id) {
        keys.add(NetworkObjects.groupKey(id));
        for (Snapshot at : List.of(before, after)) {
            for (String port : at.network().find(NetworkKeys.portOfGroup(id))) {
                nodes.add(at.nodeOf(at.network().ports().get(port).value().getPort()));
            }
        }
        nodes.remove("");
    }

    private void router(String id) {
        keys.add(NetworkObjects.routerKey(id));
        both(network -> network.routers().get(id))
                .forEach(
                        record -> {
                            networks.addAll(NetworkScope.joined(record));
                            keys.add(NetworkObjects.vtepKey(record.getGatewayNodeId()));
                            nodes.add(record.getGatewayNodeId());
                            // The gateway's node translates those that their ports' nodes cannot.
                            floatingIpsOf(record.getRouter().getExternalGateway().getNetworkId());
                        });
        nodes.remove("");
        // Of a subnet that came or went: which router serves its floating IPs.
        Set<String> subnets = subnets(before, id);
        Set<String> now = subnets(after, id);
        Set<String> same = new HashSet<>(subnets);
        same.retainAll(now);
        subnets.addAll(now);
        subnets.removeAll(same);
        subnets.forEach(subnet -> bothPorts(NetworkKeys.portOfSubnet(subnet)));
    }

    private static Set<String> subnets(Snapshot at, String routerId) {
        Set<String> subnets = new HashSet<>();
        Optional.ofNullable(at.network().routers().get(routerId)).stream()
                .map(Entry::value)
                .map(RouterRecord::getInterfacesList)
                .flatMap(Collection::stream)
                .map(RouterInterface::getSubnetId)
                .forEach(subnets::add);
        return subnets;
    }

    private void floatingIpsOf(String networkId) {
        for (Snapshot at : List.of(before, after)) {
            for (String id : at.network().find(NetworkKeys.floatingIpOfNetwork(networkId))) {
                floatingIp(id);
            }
        }
    }

    private void floatingIp(String id) {
        keys.add(NetworkObjects.floatingIpKey(id));
        both(network -> network.floatingIps().get(id))
                .forEach(record -> networkOf(record.getFloatingIp().getPortId()));
    }

    /** What a node tells of its switch. */
    private void node(String id) {
        keys.add(NetworkObjects.vtepKey(id));
        for (Snapshot at : List.of(before, after)) {
            at.portsOn(id)
                    .flatMap(port -> at.network().find(NetworkKeys.floatingIpOfPort(port)).stream())
                    .forEach(this::floatingIp);
        }
        networks.addAll(NetworkScope.carriedBy(before, id));
        networks.addAll(NetworkScope.carriedBy(after, id));
        Stream.of(before, after)
                .flatMap(
                        at ->
                                at.network().find(NetworkKeys.routerOfGatewayNode(id)).stream()
                                        .map(router -> at.network().routers().get(router).value()))
                .forEach(router -> networks.addAll(NetworkScope.joined(router)));
    }
}
