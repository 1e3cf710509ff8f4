package io.hypervisor.network.compiler;

import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeFloatingIP;
import io.hypervisor.api.internal.v1.NodePort;
import io.hypervisor.api.internal.v1.NodeRouter;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.RateLimit;
import io.hypervisor.api.v1.Route;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.VTEP;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A logical network in a few words, and its parts for each node, as a controller would send them.
 */
final class Topology {
    final Map<String, Network> networks = new LinkedHashMap<>();
    final Map<String, Subnet> subnets = new LinkedHashMap<>();
    final Map<String, NodePort> ports = new LinkedHashMap<>();
    final Map<String, NodeRouter> routers = new LinkedHashMap<>();
    final Map<String, SecurityGroup> groups = new LinkedHashMap<>();
    final Map<String, NodeFloatingIP> floatingIps = new LinkedHashMap<>();
    final SortedMap<String, Set<String>> nodes = new TreeMap<>();
    private int macs;

    Topology node(String id, String... physicalNetworks) {
        nodes.put(id, new TreeSet<>(Arrays.asList(physicalNetworks)));
        return this;
    }

    Topology overlay(String id, int vni) {
        return network(Network.newBuilder().setId(id).setVni(vni), NetworkType.NETWORK_TYPE_VXLAN);
    }

    Topology vlan(String id, String physical, int vlan) {
        return network(
                Network.newBuilder().setId(id).setPhysicalNetwork(physical).setVlanId(vlan),
                NetworkType.NETWORK_TYPE_VLAN);
    }

    Topology external(String id, String physical) {
        return network(
                Network.newBuilder().setId(id).setPhysicalNetwork(physical).setExternal(true),
                NetworkType.NETWORK_TYPE_FLAT);
    }

    private Topology network(Network.Builder network, NetworkType type) {
        networks.put(network.getId(), network.setType(type).setAdminState(true).build());
        return this;
    }

    Topology subnet(String id, String network, String cidr, String gateway) {
        subnets.put(
                id,
                Subnet.newBuilder()
                        .setId(id)
                        .setNetworkId(network)
                        .setCidr(cidr)
                        .setGatewayIp(gateway)
                        .setIpv6(cidr.contains(":"))
                        .setEnableDhcp(true)
                        .build());
        return this;
    }

    String mac() {
        return String.format("02:68:76:00:%02x:%02x", ++macs >> 8, macs & 255);
    }

    /** A port with addresses in the network's subnets; an empty node: unbound. */
    Topology port(
            String id, String node, String network, List<String> groups, String... addresses) {
        ports.put(
                id,
                NodePort.newBuilder()
                        .setPort(
                                Port.newBuilder()
                                        .setId(id)
                                        .setNetworkId(network)
                                        .setMacAddress(mac())
                                        .setIpAddress(addresses[0])
                                        .setNodeId(node)
                                        .addAllSecurityGroups(groups)
                                        .setAdminState(true))
                        .addAllAddresses(Arrays.asList(addresses))
                        .build());
        return this;
    }

    Topology limit(String port, long egress, long ingress) {
        NodePort.Builder changed = ports.get(port).toBuilder();
        changed.getPortBuilder()
                .setRateLimit(RateLimit.newBuilder().setEgressBps(egress).setIngressBps(ingress));
        ports.put(port, changed.build());
        return this;
    }

    Topology portDown(String id) {
        NodePort.Builder changed = ports.get(id).toBuilder();
        changed.getPortBuilder().setAdminState(false);
        ports.put(id, changed.build());
        return this;
    }

    Topology networkDown(String id) {
        networks.put(id, networks.get(id).toBuilder().setAdminState(false).build());
        return this;
    }

    Topology routerDown(String id) {
        NodeRouter.Builder changed = routers.get(id).toBuilder();
        changed.getRouterBuilder().setAdminState(false);
        routers.put(id, changed.build());
        return this;
    }

    Topology group(String id, SecurityGroupRule... rules) {
        SecurityGroup.Builder group = SecurityGroup.newBuilder().setId(id);
        for (SecurityGroupRule rule : rules) {
            group.addRules(
                    rule.toBuilder()
                            .setSecurityGroupId(id)
                            .setId(id + "-" + group.getRulesCount()));
        }
        groups.put(id, group.build());
        return this;
    }

    /** Remote: a prefix, or "group:ID", or empty. Last 0: like first; first 0: all ports. */
    static SecurityGroupRule rule(
            SecurityRuleDirection way,
            boolean v6,
            String protocol,
            int first,
            int last,
            String remote) {
        SecurityGroupRule.Builder rule =
                SecurityGroupRule.newBuilder()
                        .setDirection(way)
                        .setEtherType(v6 ? EtherType.ETHER_TYPE_IPV6 : EtherType.ETHER_TYPE_IPV4)
                        .setProtocol(protocol)
                        .setPortRangeMin(first)
                        .setPortRangeMax(last == 0 ? first : last);
        return remote.startsWith("group:")
                ? rule.setRemoteGroupId(remote.substring(6)).build()
                : rule.setRemoteIpPrefix(remote).build();
    }

    /** A router with the gateway addresses of these subnets. */
    Topology router(String id, String... attached) {
        NodeRouter.Builder router =
                NodeRouter.newBuilder()
                        .setRouter(Router.newBuilder().setId(id).setAdminState(true));
        for (String subnetId : new TreeSet<>(Arrays.asList(attached))) {
            Subnet subnet = subnets.get(subnetId);
            String port = id + "-" + subnetId;
            port(port, "", subnet.getNetworkId(), List.of(), subnet.getGatewayIp());
            ports.put(port, ports.get(port).toBuilder().setRouterInterface(true).build());
            router.addInterfaces(
                    RouterInterface.newBuilder()
                            .setSubnetId(subnetId)
                            .setNetworkId(subnet.getNetworkId())
                            .setPortId(port)
                            .setMacAddress(ports.get(port).getPort().getMacAddress())
                            .setIpAddress(subnet.getGatewayIp()));
        }
        routers.put(id, router.build());
        return this;
    }

    /** Addresses as "SUBNET=ADDRESS". */
    Topology gateway(
            String router, String network, String node, boolean snat, String... addresses) {
        NodeRouter.Builder changed = routers.get(router).toBuilder();
        ExternalGateway.Builder gateway =
                ExternalGateway.newBuilder().setNetworkId(network).setEnableSnat(snat);
        for (String address : addresses) {
            String[] parts = address.split("=", 2);
            gateway.addExternalFixedIps(
                    FixedIP.newBuilder().setSubnetId(parts[0]).setIpAddress(parts[1]));
        }
        changed.getRouterBuilder().setExternalGateway(gateway);
        routers.put(router, changed.setGatewayNodeId(node).setGatewayMac(mac()).build());
        return this;
    }

    Topology route(String router, String destination, String nextHop) {
        NodeRouter.Builder changed = routers.get(router).toBuilder();
        changed.getRouterBuilder()
                .addRoutes(Route.newBuilder().setDestination(destination).setNexthop(nextHop));
        routers.put(router, changed.build());
        return this;
    }

    /** Answered for by the port's node if it has the physical network, else by the gateway's. */
    Topology floating(String id, String address, String router, String port) {
        NodeRouter owner = routers.get(router);
        String network = owner.getRouter().getExternalGateway().getNetworkId();
        Port target = ports.get(port).getPort();
        boolean local =
                nodes.getOrDefault(target.getNodeId(), Set.of())
                        .contains(networks.get(network).getPhysicalNetwork());
        floatingIps.put(
                id,
                NodeFloatingIP.newBuilder()
                        .setFloatingIp(
                                FloatingIP.newBuilder()
                                        .setId(id)
                                        .setFloatingIp(address)
                                        .setFloatingNetworkId(network)
                                        .setFixedIp(target.getIpAddress())
                                        .setPortId(port))
                        .setMacAddress(mac())
                        .setRouterId(router)
                        .setNodeId(local ? target.getNodeId() : owner.getGatewayNodeId())
                        .build());
        return this;
    }

    String endpoint(String node) {
        return "192.0.2." + (1 + new ArrayList<>(nodes.keySet()).indexOf(node));
    }

    /**
     * What the node gets: the domains where it has a port or is a gateway, external networks last.
     */
    Collection<NetworkObject> objects(String node) {
        SortedSet<String> seen = new TreeSet<>();
        ports.values().stream()
                .filter(port -> port.getPort().getNodeId().equals(node))
                .forEach(port -> join(port.getPort().getNetworkId(), seen));
        routers.values().stream()
                .filter(router -> router.getGatewayNodeId().equals(node))
                .flatMap(router -> router.getInterfacesList().stream())
                .forEach(end -> join(end.getNetworkId(), seen));
        floatingIps.values().stream()
                .filter(floating -> floating.getNodeId().equals(node))
                .forEach(floating -> join(network(floating), seen));
        return objects(seen);
    }

    private String network(NodeFloatingIP floating) {
        return ports.get(floating.getFloatingIp().getPortId()).getPort().getNetworkId();
    }

    private void join(String network, SortedSet<String> seen) {
        if (!seen.add(network)) {
            return;
        }
        for (NodeRouter router : routers.values()) {
            boolean attached =
                    router.getInterfacesList().stream()
                            .anyMatch(end -> end.getNetworkId().equals(network));
            if (attached) {
                router.getInterfacesList().forEach(end -> join(end.getNetworkId(), seen));
                if (router.getRouter().hasExternalGateway()) {
                    seen.add(router.getRouter().getExternalGateway().getNetworkId());
                }
            }
        }
    }

    private Collection<NetworkObject> objects(Set<String> seen) {
        List<NetworkObject> objects = new ArrayList<>();
        networks.values().stream()
                .filter(network -> seen.contains(network.getId()))
                .forEach(n -> objects.add(NetworkObject.newBuilder().setNetwork(n).build()));
        subnets.values().stream()
                .filter(subnet -> seen.contains(subnet.getNetworkId()))
                .forEach(s -> objects.add(NetworkObject.newBuilder().setSubnet(s).build()));
        ports.values().stream()
                .filter(port -> seen.contains(port.getPort().getNetworkId()))
                .forEach(p -> objects.add(NetworkObject.newBuilder().setPort(p).build()));
        routers.values().stream()
                .filter(
                        router ->
                                router.getInterfacesList().stream()
                                        .anyMatch(end -> seen.contains(end.getNetworkId())))
                .forEach(r -> objects.add(NetworkObject.newBuilder().setRouter(r).build()));
        floatingIps.values().stream()
                .filter(floating -> seen.contains(network(floating)))
                .forEach(f -> objects.add(NetworkObject.newBuilder().setFloatingIp(f).build()));
        groups.values()
                .forEach(g -> objects.add(NetworkObject.newBuilder().setSecurityGroup(g).build()));
        for (String node : nodes.keySet()) {
            VTEP vtep =
                    VTEP.newBuilder().setNodeId(node).setIp(endpoint(node)).setPort(4789).build();
            objects.add(NetworkObject.newBuilder().setVtep(vtep).build());
        }
        return objects;
    }

    Walk.Node compiled(String node) {
        NodeView view = NodeView.of(objects(node));
        Wiring wiring = Wiring.assumed(view, node, nodes.get(node));
        return new Walk.Node(wiring, FlowCompiler.compile(view, wiring));
    }

    List<Walk.Node> compiled() {
        return nodes.keySet().stream().map(this::compiled).toList();
    }
}
