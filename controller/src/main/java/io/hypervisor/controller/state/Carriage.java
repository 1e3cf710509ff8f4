package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.Network;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which nodes carry which networks. A network is named by its physical network here, and an overlay
 * by "", which goes from endpoint to endpoint.
 */
public final class Carriage {
    private Carriage() {}

    /** Why a node does not carry a network; empty if it does. */
    public static Optional<String> refusal(NodeRecord node, String physicalNetwork) {
        if (!node.hasNetwork()) {
            return Optional.of("has no switch");
        }
        NodeNetworkFacts facts = node.getNetwork();
        if (physicalNetwork.isEmpty()) {
            return facts.getVtepIp().isEmpty()
                    ? Optional.of("has no tunnel endpoint")
                    : Optional.empty();
        }
        return facts.getPhysicalNetworksList().contains(physicalNetwork)
                ? Optional.empty()
                : Optional.of("does not carry physical network \"" + physicalNetwork + "\"");
    }

    /** The networks that a node carries. */
    static Set<String> of(NodeRecord node) {
        Set<String> networks = new TreeSet<>(node.getNetwork().getPhysicalNetworksList());
        if (!node.getNetwork().getVtepIp().isEmpty()) {
            networks.add("");
        }
        return networks;
    }

    /** What the networks of an instance's ports, and of its spec, ask of its node. */
    public static Set<String> needs(Snapshot now, InstanceRecord instance) {
        Stream<String> bound =
                now.network().portsOfInstance(instance.getId()).stream()
                        .map(id -> now.network().ports().get(id).value().getPort().getNetworkId());
        Stream<String> wanted = Stream.of(instance.getSpec().getNetwork().getNetworkId());
        return Stream.concat(bound, wanted)
                .distinct()
                .flatMap(id -> Optional.ofNullable(now.network().networks().get(id)).stream())
                .map(Entry::value)
                .map(record -> record.getNetwork())
                .map(Network::getPhysicalNetwork)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
