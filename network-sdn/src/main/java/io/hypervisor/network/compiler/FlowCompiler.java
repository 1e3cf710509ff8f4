package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalFloatingIp;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Turns a node's view of the network into flows. */
public final class FlowCompiler {
    private FlowCompiler() {}

    /** What the node's switch has to do. */
    public static FlowTable compile(NodeView view, Wiring wiring) {
        Compilation compilation = new Compilation();
        compilation.update(view, wiring);
        return compilation.table();
    }

    /** The parts of the table, in the order in which they count: the first keeps what two claim. */
    static List<Part> parts(NodeView view, Wiring wiring) {
        Scene scene = Scene.of(view, wiring);
        Map<String, Segment> segments = new TreeMap<>();
        view.networks().forEach((id, network) -> segments.put(id, scene.segment(network)));
        Rules rules = Rules.of(view, passing(view, wiring));
        List<Part> parts = new ArrayList<>(ports(view, scene, wiring, segments, rules));
        for (Segment segment : segments.values()) {
            if (segment.active()) {
                parts.add(flooding(view, scene, wiring, segment));
            }
        }
        parts.add(rules);
        parts.add(scene);
        return parts;
    }

    private static List<LogicalPort> passing(NodeView view, Wiring wiring) {
        return view.ports().values().stream()
                .filter(port -> port.up() && view.networks().get(port.networkId()).up())
                .filter(
                        port ->
                                plug(wiring, port, view.networks().get(port.networkId()))
                                        .isPresent())
                .toList();
    }

    private static List<Part> ports(
            NodeView view, Scene scene, Wiring wiring, Map<String, Segment> segments, Rules rules) {
        Map<String, List<Rules.Clause>> clauses = new HashMap<>();
        List<Part> parts = new ArrayList<>();
        for (LogicalPort port : view.ports().values()) {
            Segment segment = segments.get(port.networkId());
            Optional<Wiring.Plug> plug = plug(wiring, port, segment.network());
            boolean passes = plug.isPresent() && port.up() && segment.active();
            String domain = view.domain(port.networkId()).id();
            List<Rules.Clause> ofPort =
                    clauses.computeIfAbsent(
                            domain + passes + new TreeSet<>(port.groups()),
                            key -> rules.clauses(domain, port.groups(), passes));
            boolean away = segment.network().overlay() && !scene.here(port.nodeId());
            List<Action> tunnel = away ? scene.tunnel(segment.network(), port.nodeId()) : List.of();
            parts.add(new PortPart(port, segment, plug, tunnel, ofPort));
        }
        return parts;
    }

    /** Where a port is plugged, if this node carries it and its network. */
    static Optional<Wiring.Plug> plug(Wiring wiring, LogicalPort port, LogicalNetwork network) {
        return port.nodeId().equals(wiring.nodeId()) && wiring.carries(network)
                ? Optional.ofNullable(wiring.ports().get(port.id()))
                : Optional.empty();
    }

    private static Flooding flooding(NodeView view, Scene scene, Wiring wiring, Segment segment) {
        LogicalNetwork network = segment.network();
        List<Wiring.Plug> locals = new ArrayList<>();
        SortedSet<String> nodes = new TreeSet<>();
        for (LogicalPort port : view.portsOf(network.id())) {
            if (port.up()) {
                plug(wiring, port, network).ifPresent(locals::add);
            }
            if (!scene.here(port.nodeId())) {
                nodes.add(port.nodeId());
            }
        }
        if (!network.overlay()) {
            return new Flooding(segment, locals, List.of(), scene.physical(network));
        }
        // IPv6 endpoints first: an IPv4 endpoint that is set wins over them.
        List<List<Action>> tunnels =
                nodes.stream()
                        .map(node -> scene.tunnel(network, node))
                        .filter(tunnel -> !tunnel.isEmpty())
                        .sorted(
                                Comparator.comparing(
                                        tunnel -> !tunnel.get(1).text().endsWith("ipv6_dst")))
                        .toList();
        return new Flooding(segment, locals, tunnels, List.of());
    }

    /**
     * Ids of the routers that translate addresses on a node, each of which needs a conntrack zone.
     */
    public static SortedSet<String> translating(NodeView view, String nodeId) {
        SortedSet<String> routers = new TreeSet<>();
        for (LogicalRouter router : view.routers().values()) {
            if (router.gateway().filter(g -> g.nodeId().equals(nodeId)).isPresent()) {
                routers.add(router.id());
            }
        }
        for (LogicalFloatingIp floating : view.floatingIps().values()) {
            if (floating.nodeId().equals(nodeId)) {
                routers.add(floating.routerId());
            }
        }
        return routers;
    }
}
