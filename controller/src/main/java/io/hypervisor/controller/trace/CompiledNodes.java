package io.hypervisor.controller.trace;

import io.hypervisor.api.v1.VTEP;
import io.hypervisor.controller.feed.NodeDocuments;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.network.compiler.Field;
import io.hypervisor.network.compiler.FlowCompiler;
import io.hypervisor.network.compiler.Packet;
import io.hypervisor.network.compiler.Switches;
import io.hypervisor.network.compiler.Walk;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalFloatingIp;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** The switches of a Snapshot's nodes, each compiled when it is asked for. */
final class CompiledNodes implements Switches {
    private final Snapshot now;
    private final Map<String, NodeView> views = new HashMap<>();
    private final Map<String, Walk.Node> nodes = new HashMap<>();

    CompiledNodes(Snapshot now) {
        this.now = now;
    }

    NodeView view(String nodeId) {
        return views.computeIfAbsent(nodeId, id -> NodeView.of(NodeDocuments.network(now, id)));
    }

    @Override
    public Walk.Node node(String nodeId) {
        return nodes.computeIfAbsent(nodeId, this::compile);
    }

    private Walk.Node compile(String nodeId) {
        NodeView view = view(nodeId);
        Wiring wiring = Wiring.assumed(view, nodeId, physicalNetworks(nodeId));
        return new Walk.Node(wiring, FlowCompiler.compile(view, wiring));
    }

    private Set<String> physicalNetworks(String nodeId) {
        return now.node(nodeId)
                .map(node -> Set.copyOf(node.value().getNetwork().getPhysicalNetworksList()))
                .orElse(Set.of());
    }

    @Override
    public Optional<Walk.Node> withEndpoint(String from, Address endpoint) {
        return view(from).vteps().values().stream()
                .filter(vtep -> Address.parse(vtep.getIp()).equals(endpoint))
                .map(VTEP::getNodeId)
                .findFirst()
                .map(this::node);
    }

    /** Those that the sender knows to answer to the frame's address; for one to many, none. */
    @Override
    public Collection<Walk.Node> beside(String from, String physicalNetwork, Packet frame) {
        Mac target = new Mac(frame.get(Field.ETH_DST).longValue());
        SortedSet<String> owners = owners(view(from), target);
        owners.remove(from);
        owners.removeIf(node -> !physicalNetworks(node).contains(physicalNetwork));
        return owners.stream().map(this::node).toList();
    }

    private static SortedSet<String> owners(NodeView view, Mac mac) {
        SortedSet<String> owners = new TreeSet<>();
        for (LogicalPort port : view.ports().values()) {
            if (port.mac().equals(mac)) {
                owners.add(port.nodeId());
            }
        }
        for (LogicalFloatingIp floating : view.floatingIps().values()) {
            if (floating.mac().equals(mac)) {
                owners.add(floating.nodeId());
            }
        }
        for (LogicalRouter router : view.routers().values()) {
            router.gateway()
                    .filter(way -> way.mac().equals(mac) || Mac.ofNode(way.nodeId()).equals(mac))
                    .ifPresent(way -> owners.add(way.nodeId()));
        }
        return owners;
    }
}
