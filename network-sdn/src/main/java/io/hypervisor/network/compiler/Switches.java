package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The switches of a cluster and the wires between them. A walk asks for those that it visits. */
public interface Switches {
    /** The switch of a node; asked again it is the same. */
    Walk.Node node(String nodeId);

    /** The node that has a tunnel endpoint, as far as the sending node knows. */
    Optional<Walk.Node> withEndpoint(String from, Address endpoint);

    /** The other nodes of a physical network that a frame may be for. */
    Collection<Walk.Node> beside(String from, String physicalNetwork, Packet frame);

    /** All of them. */
    static Switches of(Collection<Walk.Node> nodes) {
        SortedMap<String, Walk.Node> byId = new TreeMap<>();
        nodes.forEach(node -> byId.put(node.wiring().nodeId(), node));
        return new Switches() {
            @Override
            public Walk.Node node(String nodeId) {
                return byId.get(nodeId);
            }

            @Override
            public Optional<Walk.Node> withEndpoint(String from, Address endpoint) {
                return byId.values().stream()
                        .filter(node -> node.wiring().tunnel() > 0)
                        .filter(node -> Address.parse(node.wiring().vtep()).equals(endpoint))
                        .findFirst();
            }

            @Override
            public List<Walk.Node> beside(String from, String physicalNetwork, Packet frame) {
                return byId.values().stream()
                        .filter(node -> !node.wiring().nodeId().equals(from))
                        .filter(node -> node.wiring().patches().containsKey(physicalNetwork))
                        .toList();
            }
        };
    }
}
