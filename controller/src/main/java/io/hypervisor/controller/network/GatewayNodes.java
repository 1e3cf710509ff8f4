package io.hypervisor.controller.network;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/** Which node answers for a router's external addresses. Pure. */
public final class GatewayNodes {
    private GatewayNodes() {}

    /**
     * The present node while it is in touch and on the physical network; else one that is, the same
     * for every caller, and for each router another; "" if there is none.
     */
    public static String pick(
            Snapshot now, String routerId, String externalNetworkId, String present) {
        String physical =
                Optional.ofNullable(now.network().networks().get(externalNetworkId))
                        .map(entry -> entry.value().getNetwork().getPhysicalNetwork())
                        .orElse("");
        if (physical.isEmpty()) {
            return "";
        }
        if (now.node(present).filter(node -> fits(now, node.value(), physical)).isPresent()) {
            return present;
        }
        List<String> fitting =
                now.nodes().values().stream()
                        .map(Entry::value)
                        .filter(node -> fits(now, node, physical))
                        .map(NodeRecord::getId)
                        .toList();
        // The node with the highest hash of both: when one goes, only its routers move.
        return fitting.stream()
                .max(
                        Comparator.comparingLong((String node) -> hash(routerId + node))
                                .thenComparing(Comparator.naturalOrder()))
                .orElse("");
    }

    private static boolean fits(Snapshot now, NodeRecord node, String physical) {
        boolean lost =
                now.health(node.getId())
                        .filter(
                                health ->
                                        health.value().getStatus()
                                                == NodeStatus.NODE_STATUS_UNREACHABLE)
                        .isPresent();
        return !lost && node.getNetwork().getPhysicalNetworksList().contains(physical);
    }

    private static long hash(String text) {
        CRC32C hash = new CRC32C();
        hash.update(text.getBytes(StandardCharsets.UTF_8));
        return hash.getValue();
    }
}
