package io.hypervisor.network.model;

import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeRouter;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.VTEP;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The part of the logical network that one node knows. Immutable; everything is sorted by id. */
public final class NodeView {
    private final SortedMap<String, LogicalNetwork> networks = new TreeMap<>();
    private final SortedMap<String, LogicalSubnet> subnets = new TreeMap<>();
    private final SortedMap<String, LogicalPort> ports = new TreeMap<>();
    private final SortedMap<String, SecurityGroup> groups = new TreeMap<>();
    private final SortedMap<String, LogicalRouter> routers = new TreeMap<>();
    private final SortedMap<String, LogicalFloatingIp> floatingIps = new TreeMap<>();
    private final SortedMap<String, VTEP> vteps = new TreeMap<>();

    private final SortedMap<String, List<LogicalSubnet>> subnetsByNetwork = new TreeMap<>();
    private final SortedMap<String, List<LogicalPort>> portsByNetwork = new TreeMap<>();
    private final SortedMap<String, Domain> domains = new TreeMap<>();

    private NodeView() {}

    /** The view that these objects make, in any order. */
    public static NodeView of(Collection<NetworkObject> objects) {
        return new NodeView().next(objects);
    }

    /** The view that these objects make. What did not change is not parsed again. */
    public NodeView next(Collection<NetworkObject> objects) {
        NodeView view = new NodeView();
        objects.forEach(object -> view.addIndependent(object, this));
        objects.forEach(object -> view.addDependent(object, this));
        objects.forEach(view::addFloatingIp);
        view.subnets.values().forEach(s -> append(view.subnetsByNetwork, s.networkId(), s));
        for (LogicalPort port : view.ports.values()) {
            append(view.portsByNetwork, port.networkId(), port);
        }
        view.findDomains();
        return view;
    }

    private void addIndependent(NetworkObject object, NodeView former) {
        switch (object.getObjectCase()) {
            case NETWORK -> {
                Network network = object.getNetwork();
                LogicalNetwork known = former.networks.get(network.getId());
                boolean same = known != null && known.source().equals(network);
                networks.put(network.getId(), same ? known : LogicalNetwork.of(network));
            }
            case SUBNET -> {
                Subnet subnet = object.getSubnet();
                LogicalSubnet known = former.subnets.get(subnet.getId());
                boolean same = known != null && known.source().equals(subnet);
                subnets.put(subnet.getId(), same ? known : LogicalSubnet.of(subnet));
            }
            case SECURITY_GROUP ->
                    groups.put(object.getSecurityGroup().getId(), object.getSecurityGroup());
            case VTEP -> vteps.put(object.getVtep().getNodeId(), object.getVtep());
            case PORT, ROUTER, FLOATING_IP, OBJECT_NOT_SET -> {}
        }
    }

    private void addDependent(NetworkObject object, NodeView former) {
        switch (object.getObjectCase()) {
            case SUBNET -> {
                if (!networks.containsKey(object.getSubnet().getNetworkId())) {
                    subnets.remove(object.getSubnet().getId());
                }
            }
            case PORT -> {
                String id = object.getPort().getPort().getId();
                if (networks.containsKey(object.getPort().getPort().getNetworkId())) {
                    LogicalPort known = former.ports.get(id);
                    boolean same = known != null && known.source().equals(object.getPort());
                    ports.put(id, same ? known : LogicalPort.of(object.getPort()));
                }
            }
            case ROUTER ->
                    routers.put(object.getRouter().getRouter().getId(), router(object.getRouter()));
            case NETWORK, SECURITY_GROUP, VTEP, FLOATING_IP, OBJECT_NOT_SET -> {}
        }
    }

    private LogicalRouter router(NodeRouter router) {
        List<LogicalRouter.Interface> interfaces = new ArrayList<>();
        for (RouterInterface end : router.getInterfacesList()) {
            LogicalSubnet subnet = subnets.get(end.getSubnetId());
            if (subnet != null && networks.containsKey(subnet.networkId())) {
                interfaces.add(
                        new LogicalRouter.Interface(
                                end.getSubnetId(),
                                end.getNetworkId(),
                                end.getPortId(),
                                Mac.parse(end.getMacAddress()),
                                Address.parse(end.getIpAddress()),
                                subnet.cidr()));
            }
        }
        interfaces.sort(Comparator.comparing(LogicalRouter.Interface::subnetId));
        List<LogicalRouter.Route> routes =
                router.getRouter().getRoutesList().stream()
                        .map(
                                route ->
                                        new LogicalRouter.Route(
                                                Prefix.parse(route.getDestination()),
                                                Address.parse(route.getNexthop())))
                        .toList();
        return new LogicalRouter(
                router.getRouter().getId(),
                router.getRouter().getAdminState(),
                List.copyOf(interfaces),
                routes,
                gateway(router));
    }

    private Optional<LogicalRouter.Gateway> gateway(NodeRouter router) {
        ExternalGateway source = router.getRouter().getExternalGateway();
        if (!router.getRouter().hasExternalGateway()
                || !networks.containsKey(source.getNetworkId())) {
            return Optional.empty();
        }
        List<LogicalRouter.GatewayAddress> addresses = new ArrayList<>();
        for (FixedIP fixed : source.getExternalFixedIpsList()) {
            LogicalSubnet subnet = subnets.get(fixed.getSubnetId());
            if (subnet != null) {
                addresses.add(
                        new LogicalRouter.GatewayAddress(
                                Address.parse(fixed.getIpAddress()),
                                subnet.cidr(),
                                subnet.gateway()));
            }
        }
        return Optional.of(
                new LogicalRouter.Gateway(
                        source.getNetworkId(),
                        router.getGatewayNodeId(),
                        Mac.parse(router.getGatewayMac()),
                        source.getEnableSnat(),
                        List.copyOf(addresses)));
    }

    private void addFloatingIp(NetworkObject object) {
        if (object.getObjectCase() == NetworkObject.ObjectCase.FLOATING_IP) {
            LogicalFloatingIp found = LogicalFloatingIp.of(object.getFloatingIp());
            if (networks.containsKey(found.networkId()) && routers.containsKey(found.routerId())) {
                floatingIps.put(found.id(), found);
            }
        }
    }

    private void findDomains() {
        SortedMap<String, SortedSet<String>> joined = new TreeMap<>();
        networks.keySet().forEach(id -> joined.put(id, new TreeSet<>(List.of(id))));
        for (LogicalRouter router : routers.values()) {
            SortedSet<String> union = new TreeSet<>();
            for (LogicalRouter.Interface end : router.interfaces()) {
                union.addAll(joined.get(end.networkId()));
            }
            union.forEach(id -> joined.put(id, union));
        }
        joined.forEach(
                (id, all) ->
                        domains.put(
                                id,
                                new Domain(all.first(), Collections.unmodifiableSortedSet(all))));
    }

    private static <T> void append(SortedMap<String, List<T>> map, String key, T value) {
        map.computeIfAbsent(key, k -> new ArrayList<>()).add(value);
    }

    public SortedMap<String, LogicalNetwork> networks() {
        return Collections.unmodifiableSortedMap(networks);
    }

    public SortedMap<String, LogicalSubnet> subnets() {
        return Collections.unmodifiableSortedMap(subnets);
    }

    public SortedMap<String, LogicalPort> ports() {
        return Collections.unmodifiableSortedMap(ports);
    }

    public SortedMap<String, SecurityGroup> groups() {
        return Collections.unmodifiableSortedMap(groups);
    }

    public SortedMap<String, LogicalRouter> routers() {
        return Collections.unmodifiableSortedMap(routers);
    }

    public SortedMap<String, LogicalFloatingIp> floatingIps() {
        return Collections.unmodifiableSortedMap(floatingIps);
    }

    /** Tunnel endpoints by node id. */
    public SortedMap<String, VTEP> vteps() {
        return Collections.unmodifiableSortedMap(vteps);
    }

    /** By subnet id. */
    public List<LogicalSubnet> subnetsOf(String networkId) {
        return Collections.unmodifiableList(subnetsByNetwork.getOrDefault(networkId, List.of()));
    }

    /** By port id, router interfaces included. */
    public List<LogicalPort> portsOf(String networkId) {
        return Collections.unmodifiableList(portsByNetwork.getOrDefault(networkId, List.of()));
    }

    /** The domain of a network of this view. */
    public Domain domain(String networkId) {
        return domains.get(networkId);
    }
}
