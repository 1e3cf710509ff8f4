package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;

import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What a node's switch looks like: the interfaces that stand for what the view talks of.
 *
 * @param vtep address of the node's tunnel endpoint; empty: no overlay
 * @param tunnel interface number of the tunnel; 0: none
 * @param patches interface number of the patch to each physical network's bridge, by name
 * @param ports local ports that are plugged, by port id
 * @param routerZones conntrack zones for translation, by the ids of {@link
 *     FlowCompiler#translating}
 */
public record Wiring(
        String nodeId,
        String vtep,
        int tunnel,
        SortedMap<String, Integer> patches,
        SortedMap<String, Plug> ports,
        SortedMap<String, Integer> routerZones) {
    /** A port's interface, and its conntrack zone, which no other port or router has. */
    public record Plug(int ofport, int zone) {}

    /** A switch that nothing is plugged into. */
    public static final Wiring NONE =
            new Wiring("", "", 0, new TreeMap<>(), new TreeMap<>(), new TreeMap<>());

    private static final int PHYSICAL = 0x8000_0000;

    /** The MAC address with which the node sends what it has routed into physical networks. */
    public Mac mac() {
        return Mac.ofNode(nodeId);
    }

    Wiring withoutPorts() {
        return new Wiring(nodeId, vtep, tunnel, patches, new TreeMap<>(), routerZones);
    }

    /** What an interface leads to, in words. */
    String behind(int ofport) {
        if (ofport == tunnel && tunnel > 0) {
            return "the tunnel";
        }
        return named(ports, plug -> plug.ofport() == ofport, "port ")
                .or(() -> named(patches, patch -> patch == ofport, "physical network "))
                .orElse("interface " + ofport);
    }

    private static <T> Optional<String> named(
            SortedMap<String, T> all, Predicate<T> wanted, String kind) {
        return all.entrySet().stream()
                .filter(one -> wanted.test(one.getValue()))
                .map(one -> kind + one.getKey())
                .findFirst();
    }

    /** Frames of the network can travel beyond this node. */
    boolean carries(LogicalNetwork network) {
        return network.overlay() || patches.containsKey(network.physicalNetwork());
    }

    /** The value of {@link Field#NETWORK}; the network is one that this node carries. */
    long key(LogicalNetwork network) {
        return network.overlay()
                ? network.vni()
                : Integer.toUnsignedLong(
                        PHYSICAL | patches.get(network.physicalNetwork()) << 12 | network.vlan());
    }

    /** A switch as it could be, for a node whose own is not at hand: all its ports are plugged. */
    public static Wiring assumed(NodeView view, String nodeId, Set<String> physicalNetworks) {
        int next = 1;
        String vtep = view.vteps().containsKey(nodeId) ? view.vteps().get(nodeId).getIp() : "";
        int tunnel = next++;
        SortedMap<String, Integer> patches = new TreeMap<>();
        for (String name : new TreeSet<>(physicalNetworks)) {
            patches.put(name, next++);
        }
        SortedMap<String, Plug> ports = new TreeMap<>();
        for (LogicalPort port : view.ports().values()) {
            if (port.nodeId().equals(nodeId)) {
                ports.put(port.id(), new Plug(next, next));
                next++;
            }
        }
        SortedMap<String, Integer> zones = new TreeMap<>();
        for (String router : FlowCompiler.translating(view, nodeId)) {
            zones.put(router, next++);
        }
        return new Wiring(nodeId, vtep, vtep.isEmpty() ? 0 : tunnel, patches, ports, zones);
    }
}
