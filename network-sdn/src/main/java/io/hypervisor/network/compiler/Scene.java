package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalFloatingIp;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** View and wiring side by side: what all tables are written from. */
final class Scene {
    final NodeView view;
    final Wiring wiring;
    final SortedMap<String, Local> locals = new TreeMap<>();
    private final SortedMap<String, List<Local>> upByNetwork = new TreeMap<>();
    private final SortedMap<String, List<Known>> known = new TreeMap<>();
    private final Map<String, Integer> routerKeys;

    Scene(NodeView view, Wiring wiring) {
        this.view = view;
        this.wiring = wiring;
        this.routerKeys = Numbers.of(view.routers().keySet());
        wiring.ports().forEach(this::plug);
        for (Local local : locals.values()) {
            if (local.up()) {
                append(upByNetwork, local.network().id(), local);
            }
        }
        findKnown();
    }

    private void plug(String id, Wiring.Plug plug) {
        LogicalPort port = view.ports().get(id);
        if (port == null || !here(port.nodeId())) {
            return;
        }
        LogicalNetwork network = view.networks().get(port.networkId());
        if (wiring.carries(network)) {
            locals.put(id, new Local(port, network, plug.ofport(), plug.zone()));
        }
    }

    private void findKnown() {
        for (LogicalPort port : view.ports().values()) {
            if (!port.nodeId().isEmpty() && !port.ofRouter()) {
                port.addresses()
                        .forEach(
                                address ->
                                        append(
                                                known,
                                                port.networkId(),
                                                new Known(
                                                        address,
                                                        port.mac(),
                                                        false,
                                                        port.mac(),
                                                        "port " + port.id())));
            }
        }
        view.routers().values().forEach(this::findKnownOf);
        for (LogicalFloatingIp floating : view.floatingIps().values()) {
            if (view.routers().get(floating.routerId()).up() && !floating.nodeId().isEmpty()) {
                append(
                        known,
                        floating.networkId(),
                        new Known(
                                floating.address(),
                                floating.mac(),
                                here(floating.nodeId()),
                                floating.mac(),
                                "floating IP " + floating.id()));
            }
        }
    }

    private void findKnownOf(LogicalRouter router) {
        String serves = "router " + router.id();
        boolean gatewayHere = gatewayHere(router);
        for (LogicalRouter.Interface end : router.interfaces()) {
            append(
                    known,
                    end.networkId(),
                    new Known(end.address(), end.mac(), gatewayHere, wiring.mac(), serves));
        }
        if (router.up() && router.gateway().isPresent()) {
            LogicalRouter.Gateway gateway = router.gateway().get();
            if (!gateway.nodeId().isEmpty()) {
                for (LogicalRouter.GatewayAddress address : gateway.addresses()) {
                    append(
                            known,
                            gateway.networkId(),
                            new Known(
                                    address.address(),
                                    gateway.mac(),
                                    gatewayHere,
                                    gateway.mac(),
                                    serves));
                }
            }
        }
    }

    private static <T> void append(SortedMap<String, List<T>> map, String key, T value) {
        map.computeIfAbsent(key, k -> new ArrayList<>()).add(value);
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
    List<LogicalNetwork> networks() {
        return view.networks().values().stream()
                .filter(network -> network.up() && wiring.carries(network))
                .toList();
    }

    /** The plugged ports of a network that pass packets, by id. */
    List<Local> locals(LogicalNetwork network) {
        return upByNetwork.getOrDefault(network.id(), List.of());
    }

    /** Addresses of a network that somebody has. */
    List<Known> known(LogicalNetwork network) {
        return known.getOrDefault(network.id(), List.of());
    }

    /** The routers' ends in a network. */
    List<LogicalRouter.Interface> interfaces(LogicalNetwork network) {
        return view.routers().values().stream()
                .flatMap(router -> router.interfaces().stream())
                .filter(end -> end.networkId().equals(network.id()))
                .toList();
    }

    /** Whether a router leads to the network. */
    boolean routed(LogicalNetwork network) {
        return !interfaces(network).isEmpty()
                || view.routers().values().stream()
                        .flatMap(router -> router.gateway().stream())
                        .anyMatch(gateway -> gateway.networkId().equals(network.id()));
    }

    /** Floating IPs that this node translates, by id. */
    List<LogicalFloatingIp> floatingIpsHere() {
        return view.floatingIps().values().stream()
                .filter(floating -> here(floating.nodeId()))
                .filter(floating -> view.routers().get(floating.routerId()).up())
                .filter(floating -> reaches(floating.networkId()))
                .filter(floating -> wiring.routerZones().containsKey(floating.routerId()))
                .toList();
    }

    /** Routers that are up and whose way out of the cluster is this node, by id. */
    List<LogicalRouter> gatewaysHere() {
        return view.routers().values().stream()
                .filter(router -> router.up() && gatewayHere(router))
                .toList();
    }

    /** Whether the network is up and frames of it can be sent from this node. */
    boolean reaches(String networkId) {
        LogicalNetwork network = view.networks().get(networkId);
        return network.up() && wiring.carries(network);
    }

    LogicalNetwork network(String id) {
        return view.networks().get(id);
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
        if (wiring.tunnel() == 0 || !view.vteps().containsKey(nodeId)) {
            return List.of();
        }
        Address endpoint = Address.parse(view.vteps().get(nodeId).getIp());
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
