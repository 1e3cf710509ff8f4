package io.hypervisor.network.compiler;

import io.hypervisor.api.v1.VTEP;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalFloatingIp;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.LogicalSubnet;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * View and wiring side by side, without ports: what all flows are written from that are not about a
 * port.
 *
 * @param subnets by network
 * @param wiring without ports
 * @param taken subnets of which a port has the gateway's address
 * @param routerKeys values of {@link Field#ROUTER}
 */
record Scene(
        SortedMap<String, LogicalNetwork> networks,
        Map<String, List<LogicalSubnet>> subnets,
        SortedMap<String, LogicalRouter> routers,
        SortedMap<String, LogicalFloatingIp> floatingIps,
        SortedMap<String, VTEP> vteps,
        Wiring wiring,
        Set<String> taken,
        Map<String, Integer> routerKeys)
        implements Part {

    static Scene of(NodeView view, Wiring wiring) {
        Map<String, List<LogicalSubnet>> subnets =
                view.networks().keySet().stream()
                        .collect(Collectors.toMap(id -> id, view::subnetsOf));
        return new Scene(
                view.networks(),
                subnets,
                view.routers(),
                view.floatingIps(),
                view.vteps(),
                wiring.withoutPorts(),
                taken(view),
                Numbers.of(view.routers().keySet()));
    }

    private static Set<String> taken(NodeView view) {
        Set<String> taken = new TreeSet<>();
        for (LogicalSubnet subnet : view.subnets().values()) {
            boolean found =
                    view.portsOf(subnet.networkId()).stream()
                            .filter(port -> port.addresses().contains(subnet.gateway()))
                            .anyMatch(port -> !Known.of(port).isEmpty());
            if (found) {
                taken.add(subnet.id());
            }
        }
        return taken;
    }

    @Override
    public String name() {
        return "all but ports";
    }

    @Override
    public void write(Flows flows) {
        Classify.write(this, flows);
        PortSecurity.write(flows);
        NdSecurity.write(flows);
        Learn.write(this, flows);
        Answer.write(this, flows);
        Ask.write(flows);
        Tracking.write(flows);
        Switching.write(this, flows);
        Routers.write(this, flows);
        Routes.write(this, flows);
        External.write(this, flows);
        Neighbours.write(this, flows);
    }

    /** A network as its ports see it. */
    Segment segment(LogicalNetwork network) {
        boolean active = reaches(network.id());
        return new Segment(
                network,
                active,
                active ? key(network) : 0,
                routed(network),
                subnetsOf(network.id()),
                interfaces(network));
    }

    /** Addresses of a network that routers have and floating IPs. */
    List<Known> known(LogicalNetwork network) {
        List<Known> known = new ArrayList<>();
        routers.values().forEach(router -> findKnown(network, router, known));
        for (LogicalFloatingIp floating : floatingIps.values()) {
            if (floating.networkId().equals(network.id())
                    && routers.get(floating.routerId()).up()
                    && !floating.nodeId().isEmpty()) {
                known.add(
                        new Known(
                                floating.address(),
                                floating.mac(),
                                here(floating.nodeId()),
                                floating.mac(),
                                "floating IP " + floating.id()));
            }
        }
        return known;
    }

    private void findKnown(LogicalNetwork network, LogicalRouter router, List<Known> known) {
        String serves = "router " + router.id();
        boolean gatewayHere = gatewayHere(router);
        for (LogicalRouter.Interface end : router.interfaces()) {
            if (end.networkId().equals(network.id())) {
                known.add(new Known(end.address(), end.mac(), gatewayHere, wiring.mac(), serves));
            }
        }
        router.gateway()
                .filter(gateway -> router.up() && !gateway.nodeId().isEmpty())
                .filter(gateway -> gateway.networkId().equals(network.id()))
                .ifPresent(
                        gateway ->
                                gateway.addresses().stream()
                                        .map(
                                                own ->
                                                        new Known(
                                                                own.address(),
                                                                gateway.mac(),
                                                                gatewayHere,
                                                                gateway.mac(),
                                                                serves))
                                        .forEach(known::add));
    }

    boolean here(String nodeId) {
        return nodeId.equals(wiring.nodeId());
    }

    /** Whether the router's way out of the cluster is this node. */
    boolean gatewayHere(LogicalRouter router) {
        return router.gateway()
                .filter(gateway -> here(gateway.nodeId()))
                .filter(gateway -> reaches(gateway.networkId()))
                .filter(gateway -> wiring.routerZones().containsKey(router.id()))
                .isPresent();
    }

    /** The networks that are up and whose frames this node can take, by id. */
    List<LogicalNetwork> active() {
        return networks.values().stream().filter(network -> reaches(network.id())).toList();
    }

    /** By subnet id. */
    List<LogicalSubnet> subnetsOf(String networkId) {
        return subnets.get(networkId);
    }

    /** The routers' ends in a network. */
    List<LogicalRouter.Interface> interfaces(LogicalNetwork network) {
        return routers.values().stream()
                .flatMap(router -> router.interfaces().stream())
                .filter(end -> end.networkId().equals(network.id()))
                .toList();
    }

    /** Whether a router leads to the network. */
    boolean routed(LogicalNetwork network) {
        return !interfaces(network).isEmpty()
                || routers.values().stream()
                        .flatMap(router -> router.gateway().stream())
                        .anyMatch(gateway -> gateway.networkId().equals(network.id()));
    }

    /** Floating IPs that this node translates, by id. */
    List<LogicalFloatingIp> floatingIpsHere() {
        return floatingIps.values().stream()
                .filter(floating -> here(floating.nodeId()))
                .filter(floating -> routers.get(floating.routerId()).up())
                .filter(floating -> reaches(floating.networkId()))
                .filter(floating -> wiring.routerZones().containsKey(floating.routerId()))
                .toList();
    }

    /** Routers that are up and whose way out of the cluster is this node, by id. */
    List<LogicalRouter> gatewaysHere() {
        return routers.values().stream()
                .filter(router -> router.up() && gatewayHere(router))
                .toList();
    }

    /** Whether the network is up and frames of it can be sent from this node. */
    boolean reaches(String networkId) {
        LogicalNetwork network = networks.get(networkId);
        return network.up() && wiring.carries(network);
    }

    LogicalNetwork network(String id) {
        return networks.get(id);
    }

    long key(LogicalNetwork network) {
        return wiring.key(network);
    }

    /** The value of {@link Field#ROUTER}. */
    int routerKey(String routerId) {
        return routerKeys.get(routerId);
    }

    /**
     * Actions that send a frame to another node in the tunnel of a network; none: it has no
     * endpoint.
     */
    List<Action> tunnel(LogicalNetwork network, String nodeId) {
        if (wiring.tunnel() == 0 || !vteps.containsKey(nodeId)) {
            return List.of();
        }
        Address endpoint = Address.parse(vteps.get(nodeId).getIp());
        return List.of(
                Action.set(Field.TUNNEL_ID, network.vni()),
                Action.set(endpoint.v6() ? Field.TUNNEL_TARGET6 : Field.TUNNEL_TARGET, endpoint),
                new Action.Output(wiring.tunnel()));
    }

    /** Actions that send a frame into the physical network that carries a network. */
    List<Action> physical(LogicalNetwork network) {
        Action output = new Action.Output(wiring.patches().get(network.physicalNetwork()));
        return network.vlan() == 0
                ? List.of(output)
                : List.of(new Action.PushVlan(network.vlan()), output);
    }
}
