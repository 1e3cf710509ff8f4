package io.hypervisor.network.compiler;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the switches remember: connections, and flows that they have learned. */
final class Memory {
    private final Connections connections;
    private final Map<String, List<Flow>> learned = new HashMap<>();

    Memory() {
        this(new Connections());
    }

    private Memory(Connections connections) {
        this.connections = connections;
    }

    Memory copy() {
        Memory copy = new Memory(connections.copy());
        learned.forEach((node, flows) -> copy.learned.put(node, new ArrayList<>(flows)));
        return copy;
    }

    Connections connections() {
        return connections;
    }

    void learn(String node, Action.Learn action, Map<Field, BigInteger> packet) {
        boolean v6 = action.hop() == Field.NEXT_HOP6;
        Flow flow =
                new Flow(
                        Stage.LEARNED,
                        1,
                        List.of(
                                Match.of(Field.ETH_TYPE, v6 ? Match.IPV6 : Match.IPV4),
                                Match.of(Field.NETWORK, packet.get(Field.NETWORK).longValue()),
                                new Match(
                                        action.hop(),
                                        packet.get(action.address()),
                                        action.hop().ones())),
                        List.of(
                                new Action.Set(Field.ETH_DST, packet.get(action.mac())),
                                Action.set(Field.FOUND, 1)),
                        action.cookie());
        List<Flow> flows = learned.computeIfAbsent(node, n -> new ArrayList<>());
        flows.removeIf(old -> old.compareTo(flow) == 0);
        flows.add(flow);
    }

    Optional<Flow> learned(String node, Map<Field, BigInteger> packet) {
        return new Lookup(learned.getOrDefault(node, List.of())).find(Stage.LEARNED, packet);
    }
}
