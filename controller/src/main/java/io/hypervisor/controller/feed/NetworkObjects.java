package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeFloatingIP;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.NodePort;
import io.hypervisor.api.internal.v1.NodeRouter;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.VTEP;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.RouterViews;
import io.hypervisor.controller.state.Snapshot;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Derives from a Snapshot the objects of the network that a node gets, by their keys. What a node
 * does not compile is left out of them (times, metadata, status), so that its changes are no news.
 * Pure.
 */
final class NetworkObjects {
    private final Snapshot now;
    private final NetworkState network;
    private final NetworkScope scope;

    NetworkObjects(Snapshot now, NetworkScope scope) {
        this.now = now;
        this.network = now.network();
        this.scope = scope;
    }

    static String networkKey(String id) {
        return "network/" + id;
    }

    static String subnetKey(String id) {
        return "subnet/" + id;
    }

    static String portKey(String id) {
        return "port/" + id;
    }

    static String groupKey(String id) {
        return "security_group/" + id;
    }

    static String routerKey(String id) {
        return "router/" + id;
    }

    static String floatingIpKey(String id) {
        return "floating_ip/" + id;
    }

    static String vtepKey(String nodeId) {
        return "vtep/" + nodeId;
    }

    /** The keys of everything in the scope, in order. */
    Set<String> keys() {
        Set<String> keys = new TreeSet<>();
        for (String id : scope.networks()) {
            add(keys, "network/", Set.of(id));
            add(keys, "subnet/", network.find(NetworkKeys.subnetOfNetwork(id)));
            Set<String> ports = network.find(NetworkKeys.portOfNetwork(id));
            add(keys, "port/", ports);
            for (String port : ports) {
                add(keys, "floating_ip/", network.find(NetworkKeys.floatingIpOfPort(port)));
            }
            network.carriers(id).keySet().forEach(node -> keys.add(vtepKey(node)));
            Set<String> routers = network.find(NetworkKeys.routerOfNetwork(id));
            add(keys, "router/", routers);
            for (String router : routers) {
                keys.add(vtepKey(network.routers().get(router).value().getGatewayNodeId()));
            }
        }
        add(keys, "security_group/", scope.groups());
        keys.removeIf(key -> get(key).isEmpty());
        return keys;
    }

    private static void add(Set<String> keys, String prefix, Collection<String> ids) {
        ids.forEach(id -> keys.add(prefix + id));
    }

    /** The object of a key, if it exists and is in the scope. */
    Optional<NetworkObject> get(String key) {
        int slash = key.indexOf('/');
        String id = key.substring(slash + 1);
        NetworkObject.Builder object = NetworkObject.newBuilder().setKey(key);
        boolean found =
                switch (key.substring(0, slash)) {
                    case "network" -> addNetwork(object, id);
                    case "subnet" -> addSubnet(object, id);
                    case "port" -> addPort(object, id);
                    case "security_group" -> addGroup(object, id);
                    case "router" -> addRouter(object, id);
                    case "floating_ip" -> addFloatingIp(object, id);
                    case "vtep" -> addVtep(object, id);
                    default -> throw new IllegalArgumentException(key);
                };
        return found ? Optional.of(object.build()) : Optional.empty();
    }

    private boolean addNetwork(NetworkObject.Builder object, String id) {
        var entry = network.networks().get(id);
        if (entry == null || !scope.networks().contains(id)) {
            return false;
        }
        Network.Builder view = entry.value().getNetwork().toBuilder();
        object.setNetwork(
                view.clearName().clearMetadata().clearShared().clearCreatedAt().clearUpdatedAt());
        return true;
    }

    private boolean addSubnet(NetworkObject.Builder object, String id) {
        var entry = network.subnets().get(id);
        if (entry == null || !scope.networks().contains(entry.value().getSubnet().getNetworkId())) {
            return false;
        }
        Subnet.Builder view = entry.value().getSubnet().toBuilder();
        object.setSubnet(view.clearName().clearAllocationPools().clearCreatedAt().clearUpdatedAt());
        return true;
    }

    /** Those that are on a node, and routers' ends, which are on all. */
    private boolean addPort(NetworkObject.Builder object, String id) {
        var entry = network.ports().get(id);
        if (entry == null) {
            return false;
        }
        PortRecord record = entry.value();
        String node = now.nodeOf(record.getPort());
        boolean router = !record.getRouterId().isEmpty();
        if (!scope.networks().contains(record.getPort().getNetworkId())
                || (node.isEmpty() && !router)) {
            return false;
        }
        Port.Builder view = record.getPort().toBuilder();
        view.setNodeId(node).clearName().clearCreatedAt().clearUpdatedAt();
        object.setPort(
                NodePort.newBuilder()
                        .setPort(view)
                        .addAllAddresses(addresses(record.getPort()))
                        .addAllHostnames(hostnames(record.getPort()))
                        .setRouterInterface(router));
        return true;
    }

    /** Its own address first, then those that were reserved for it. */
    private Set<String> addresses(Port port) {
        Set<String> addresses = new LinkedHashSet<>();
        addresses.add(port.getIpAddress());
        for (String id : network.find(NetworkKeys.allocationOfPort(port.getId()))) {
            addresses.add(network.allocations().get(id).value().getAllocation().getIpAddress());
        }
        return addresses;
    }

    private Set<String> hostnames(Port port) {
        Set<String> names = new TreeSet<>();
        now.instance(port.getInstanceId())
                .map(Entry::value)
                .map(InstanceRecord::getName)
                .ifPresent(names::add);
        names.add(port.getName());
        for (String id : network.find(NetworkKeys.allocationOfPort(port.getId()))) {
            AllocationRecord record = network.allocations().get(id).value();
            names.add(record.getAllocation().getHostname());
        }
        names.remove("");
        Set<String> lower = new TreeSet<>();
        names.forEach(name -> lower.add(name.toLowerCase(Locale.ROOT)));
        return lower;
    }

    private boolean addGroup(NetworkObject.Builder object, String id) {
        var entry = network.securityGroups().get(id);
        if (entry == null || !scope.groups().contains(id)) {
            return false;
        }
        SecurityGroup.Builder view = entry.value().getSecurityGroup().toBuilder();
        object.setSecurityGroup(
                view.clearName().clearDescription().clearCreatedAt().clearUpdatedAt());
        return true;
    }

    private boolean addRouter(NetworkObject.Builder object, String id) {
        var entry = network.routers().get(id);
        if (entry == null || !inScope(entry.value())) {
            return false;
        }
        RouterRecord record = entry.value();
        // With its revision, so that each write of it reaches the nodes that it then waits for.
        Router.Builder view = record.getRouter().toBuilder().setRevision(entry.revision());
        view.clearName().clearCreatedAt().clearUpdatedAt();
        object.setRouter(
                NodeRouter.newBuilder()
                        .setRouter(view)
                        .addAllInterfaces(
                                record.getInterfacesList().stream()
                                        .map(end -> end.toBuilder().clearRequest().build())
                                        .toList())
                        .setGatewayNodeId(record.getGatewayNodeId())
                        .setGatewayMac(record.getGatewayMac()));
        return true;
    }

    private boolean inScope(RouterRecord router) {
        return NetworkScope.joined(router).stream().anyMatch(scope.networks()::contains);
    }

    private boolean addFloatingIp(NetworkObject.Builder object, String id) {
        var entry = network.floatingIps().get(id);
        if (entry == null) {
            return false;
        }
        FloatingIP ip = entry.value().getFloatingIp();
        var port = network.ports().get(ip.getPortId());
        if (port == null || !scope.networks().contains(port.value().getPort().getNetworkId())) {
            return false;
        }
        object.setFloatingIp(
                NodeFloatingIP.newBuilder()
                        .setFloatingIp(ip.toBuilder().clearCreatedAt().clearUpdatedAt())
                        .setMacAddress(entry.value().getMacAddress())
                        .setRouterId(
                                RouterViews.router(now, ip)
                                        .map(router -> router.getRouter().getId())
                                        .orElse(""))
                        .setNodeId(RouterViews.translator(now, ip)));
        return true;
    }

    /** Those of nodes that carry ports in the scope, or are gateways of its routers. */
    private boolean addVtep(NetworkObject.Builder object, String nodeId) {
        Optional<NodeNetworkFacts> facts =
                now.node(nodeId)
                        .map(e -> e.value().getNetwork())
                        .filter(f -> !f.getVtepIp().isEmpty());
        if (facts.isEmpty() || !isPeer(nodeId)) {
            return false;
        }
        object.setVtep(
                VTEP.newBuilder()
                        .setNodeId(nodeId)
                        .setIp(facts.get().getVtepIp())
                        .setPort(facts.get().getVtepPort()));
        return true;
    }

    private boolean isPeer(String nodeId) {
        return scope.networks().stream().anyMatch(id -> network.carriers(id).containsKey(nodeId))
                || network.find(NetworkKeys.routerOfGatewayNode(nodeId)).stream()
                        .anyMatch(id -> inScope(network.routers().get(id).value()));
    }
}
