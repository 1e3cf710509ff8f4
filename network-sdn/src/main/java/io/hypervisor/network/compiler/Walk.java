package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Trail.End;
import io.hypervisor.network.compiler.Trail.Hop;
import io.hypervisor.network.compiler.Trail.Verdict;
import io.hypervisor.network.model.Address;

import java.math.BigInteger;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Takes packets through the tables of all nodes, as their switches and the wires between them
 * would: a tunnel ends at the node that has its endpoint, a physical network joins all nodes that
 * have it. It remembers connections and what switches have learned from one packet to the next;
 * rates are never exceeded. The agents' answers are not made.
 */
public final class Walk {
    /** A node's switch. */
    public record Node(Wiring wiring, FlowTable table) {}

    private final Switches switches;
    private final Map<String, Lookup> lookups = new HashMap<>();
    private final Memory memory;

    private Walk(Switches switches, Memory memory) {
        this.switches = switches;
        this.memory = memory;
    }

    /** Switches that have seen no packet yet. */
    public static Walk through(Switches switches) {
        return new Walk(switches, new Memory());
    }

    /** All switches, which have seen no packet yet. */
    public static Walk through(Collection<Node> nodes) {
        return through(Switches.of(nodes));
    }

    /** These switches with other tables, and all that they remember. */
    public Walk rewired(Collection<Node> changed) {
        return new Walk(Switches.of(changed), memory.copy());
    }

    /** What becomes of a packet that a local port sends. */
    public Trail fromPort(String nodeId, String portId, Packet packet) {
        Wiring wiring = switches.node(nodeId).wiring();
        return from(nodeId, wiring.ports().get(portId).ofport(), packet);
    }

    /**
     * What becomes of a packet that a host of a physical network sends, which all its nodes see.
     */
    public Trail fromOutside(String physicalNetwork, Packet packet) {
        Steps steps = new Steps();
        physical("", physicalNetwork, packet, steps);
        return steps.trail();
    }

    /** What becomes of a packet that comes in by an interface. */
    public Trail from(String nodeId, int ofport, Packet packet) {
        Steps steps = new Steps();
        arrive(nodeId, ofport, packet, Map.of(), steps);
        return steps.trail();
    }

    private void arrive(
            String nodeId, int ofport, Packet packet, Map<Field, BigInteger> tunnel, Steps steps) {
        Map<Field, BigInteger> fields = new TreeMap<>(packet.fields());
        fields.putAll(tunnel);
        fields.put(Field.IN_PORT, BigInteger.valueOf(ofport));
        new Passage(this, switches.node(nodeId), fields, steps).enter(Stage.CLASSIFY);
    }

    Optional<Flow> find(String nodeId, Stage stage, Map<Field, BigInteger> fields) {
        return stage.learned()
                ? memory.learned(nodeId, fields)
                : lookups.computeIfAbsent(nodeId, this::lookup).find(stage, fields);
    }

    private Lookup lookup(String nodeId) {
        return new Lookup(switches.node(nodeId).table().flows());
    }

    Memory memory() {
        return memory;
    }

    /** A frame in a tunnel reaches the node that has the endpoint. */
    void tunnel(String from, Map<Field, BigInteger> fields, Steps steps) {
        boolean v6 = !fields.containsKey(Field.TUNNEL_TARGET);
        Field target = v6 ? Field.TUNNEL_TARGET6 : Field.TUNNEL_TARGET;
        Address endpoint = new Address(v6, fields.getOrDefault(target, BigInteger.ZERO));
        Packet packet = frame(fields);
        Optional<Node> receiver = switches.withEndpoint(from, endpoint);
        if (receiver.isEmpty()) {
            steps.end(
                    new End(
                            Verdict.DROPPED,
                            from,
                            "",
                            "no node has the tunnel endpoint " + endpoint,
                            packet));
            return;
        }
        Wiring wiring = receiver.get().wiring();
        Map<Field, BigInteger> tunnel =
                Map.of(Field.TUNNEL_ID, fields.getOrDefault(Field.TUNNEL_ID, BigInteger.ZERO));
        arrive(wiring.nodeId(), wiring.tunnel(), packet, tunnel, steps);
    }

    /**
     * A frame in a physical network reaches every other node there. Those that have no use for it
     * are not mentioned; when none has, or it is for many, it has left.
     */
    void physical(String from, String name, Packet packet, Steps steps) {
        boolean taken = false;
        for (Node node : switches.beside(from, name, packet)) {
            Wiring wiring = node.wiring();
            Steps there = new Steps();
            arrive(wiring.nodeId(), wiring.patches().get(name), packet, Map.of(), there);
            if (there.concerned()) {
                taken = true;
                steps.add(there);
            }
        }
        boolean forMany = packet.get(Field.ETH_DST).testBit(40);
        if (!taken || forMany) {
            steps.end(
                    new End(
                            Verdict.LEFT,
                            from,
                            name,
                            "it left through the physical network " + name,
                            packet));
        }
    }

    static Packet frame(Map<Field, BigInteger> fields) {
        Map<Field, BigInteger> frame = new TreeMap<>(fields);
        frame.keySet().removeIf(Field::ofTheSwitch);
        return Packet.of(frame);
    }

    void hop(Node node, Stage stage, Flow flow, Steps steps) {
        steps.hop(
                new Hop(
                        node.wiring().nodeId(),
                        stage,
                        flow.text(),
                        node.table().serves(flow.cookie()),
                        Effects.of(flow, node.wiring())));
    }
}
