package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.VTEP;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Joins records to the API's routers, floating IPs and tunnel endpoints. Pure. */
public final class RouterViews {
    private static final String ACTIVE = "ACTIVE";
    private static final String DOWN = "DOWN";

    private RouterViews() {}

    /** The router of this id. */
    public static Optional<Router> router(Snapshot now, String id) {
        return Optional.ofNullable(now.network().routers().get(id))
                .map(
                        entry ->
                                entry.value().getRouter().toBuilder()
                                        .setStatus(status(now, entry))
                                        .setRevision(entry.revision())
                                        .build());
    }

    private static String status(Snapshot now, Entry<RouterRecord> entry) {
        boolean waiting = false;
        for (String node : nodes(now.network(), entry.value())) {
            Optional<NodeNetworkState> state =
                    Optional.ofNullable(now.network().nodeStates().get(node)).map(Entry::value);
            boolean applied =
                    state.filter(s -> s.getAppliedRevision() >= entry.revision()).isPresent();
            if (applied || isLost(now, node)) {
                continue;
            }
            if (state.filter(s -> !s.getError().isEmpty()).isPresent()) {
                return "ERROR";
            }
            waiting = true;
        }
        return waiting ? "BUILD" : ACTIVE;
    }

    /** The nodes that need a router: those that carry ports of its networks, and its gateway's. */
    private static Set<String> nodes(NetworkState network, RouterRecord router) {
        Set<String> nodes = new HashSet<>();
        for (RouterInterface end : router.getInterfacesList()) {
            nodes.addAll(network.carriers(end.getNetworkId()).keySet());
        }
        nodes.add(router.getGatewayNodeId());
        nodes.remove("");
        return nodes;
    }

    /** The floating IP of this id. */
    public static Optional<FloatingIP> floatingIp(Snapshot now, String id) {
        return Optional.ofNullable(now.network().floatingIps().get(id))
                .map(
                        entry ->
                                entry.value().getFloatingIp().toBuilder()
                                        .setStatus(status(now, entry.value()))
                                        .setRevision(entry.revision())
                                        .build());
    }

    private static String status(Snapshot now, FloatingIPRecord record) {
        FloatingIP ip = record.getFloatingIp();
        Optional<Port> port = NetworkViews.port(now, ip.getPortId());
        if (port.filter(p -> p.getStatus().equals(ACTIVE)).isEmpty()) {
            return DOWN;
        }
        return translator(now, ip).isEmpty() ? "ERROR" : ACTIVE;
    }

    /** The router that joins the subnet of a floating IP's port with anything; "" without one. */
    public static Optional<RouterRecord> router(Snapshot now, FloatingIP ip) {
        NetworkState network = now.network();
        return Optional.ofNullable(network.ports().get(ip.getPortId()))
                .map(port -> port.value().getPort().getSubnetId())
                .flatMap(
                        subnet ->
                                network.find(NetworkKeys.routerOfSubnet(subnet)).stream()
                                        .findFirst())
                .map(id -> network.routers().get(id).value());
    }

    /**
     * The node that answers for a floating IP and translates: the port's, if it is on the physical
     * network itself, else the gateway's; "" if none can.
     */
    public static String translator(Snapshot now, FloatingIP ip) {
        String physical =
                Optional.ofNullable(now.network().networks().get(ip.getFloatingNetworkId()))
                        .map(entry -> entry.value().getNetwork().getPhysicalNetwork())
                        .orElse("");
        String portNode =
                Optional.ofNullable(now.network().ports().get(ip.getPortId()))
                        .map(port -> now.nodeOf(port.value().getPort()))
                        .orElse("");
        boolean there =
                now.node(portNode)
                        .map(node -> node.value().getNetwork().getPhysicalNetworksList())
                        .filter(all -> all.contains(physical))
                        .isPresent();
        return there
                ? portNode
                : router(now, ip)
                        .filter(r -> leadsTo(r, ip.getFloatingNetworkId()))
                        .map(RouterRecord::getGatewayNodeId)
                        .orElse("");
    }

    private static boolean leadsTo(RouterRecord router, String networkId) {
        return router.getRouter().getExternalGateway().getNetworkId().equals(networkId);
    }

    /** The tunnel endpoint of a node, if it has one. */
    public static Optional<VTEP> vtep(Snapshot now, String nodeId) {
        return now.node(nodeId)
                .filter(node -> !node.value().getNetwork().getVtepIp().isEmpty())
                .map(
                        node -> {
                            NodeNetworkFacts facts = node.value().getNetwork();
                            VTEP.Builder view =
                                    VTEP.newBuilder()
                                            .setNodeId(nodeId)
                                            .setIp(facts.getVtepIp())
                                            .setPort(facts.getVtepPort())
                                            .setInterface(facts.getVtepInterface())
                                            .setStatus(isLost(now, nodeId) ? DOWN : ACTIVE)
                                            .setUpdatedAt(node.value().getCreatedAt())
                                            .setRevision(node.revision());
                            now.health(nodeId)
                                    .map(Entry::value)
                                    .filter(NodeHealth::hasSince)
                                    .ifPresent(health -> view.setUpdatedAt(health.getSince()));
                            return view.build();
                        });
    }

    private static boolean isLost(Snapshot now, String nodeId) {
        return now.health(nodeId)
                .map(Entry::value)
                .map(NodeHealth::getStatus)
                .filter(NodeStatus.NODE_STATUS_UNREACHABLE::equals)
                .isPresent();
    }
}
