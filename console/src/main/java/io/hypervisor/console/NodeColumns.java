package io.hypervisor.console;

import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.Resources;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What tables show of nodes. */
final class NodeColumns {
    static final List<Column<NodeEvent>> EVENTS =
            List.of(
                    Column.of("NODE", e -> e.getNode().getHostname()),
                    Column.state("EVENT", e -> Words.of(e.getType())),
                    Column.state("STATUS", e -> Words.of(e.getNode().getStatus())),
                    Column.of("INSTANCES", e -> "" + e.getNode().getInstanceCount()),
                    Column.of("AT", e -> Units.instant(e.getTimestamp()).toString()));
    static final List<Integer> EVENT_WIDTHS = List.of(24, 8, 11, 9, 20);

    private NodeColumns() {}

    static List<Column<Node>> of(Instant now) {
        return List.of(
                Column.of("NODE", Node::getHostname),
                Column.state("STATUS", n -> Words.of(n.getStatus())),
                Column.of("ROLE", n -> Words.of(n.getRole())),
                Column.of("CPUS", n -> taken(n, r -> "" + r.getCpuCores())),
                Column.of("MEMORY", n -> taken(n, r -> Units.size(r.getMemoryBytes()))),
                Column.of("INSTANCES", n -> "" + n.getInstanceCount()),
                Column.of("SEEN", n -> Units.age(n.getLastSeen(), now)),
                Column.wide("ID", Node::getId),
                Column.wide("ADDRESS", NodeColumns::address),
                Column.wide("REGION", Node::getRegion),
                Column.wide("ZONE", Node::getZone),
                Column.wide("TYPES", n -> String.join(",", n.getSupportedInstanceTypesList())),
                Column.wide("DISK", n -> taken(n, r -> Units.size(r.getDiskBytes()))),
                Column.wide("AGE", n -> Units.age(n.getCreatedAt(), now)),
                Column.wide("VERSIONS", n -> pairs(n.getVersionsMap())),
                Column.wide("LABELS", n -> pairs(n.getMetadata().getLabelsMap())),
                Column.wide("CONDITIONS", NodeColumns::conditions),
                Column.wide("BLOCKERS", NodeColumns::blockers));
    }

    /** "key=value" by key, with commas. */
    static String pairs(Map<String, String> map) {
        return new TreeMap<>(map)
                .entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .collect(Collectors.joining(","));
    }

    private static String taken(Node node, Function<Resources, String> amount) {
        return amount.apply(node.getAllocated()) + "/" + amount.apply(node.getAllocatable());
    }

    private static String address(Node node) {
        String ip = node.getIp().contains(":") ? "[" + node.getIp() + "]" : node.getIp();
        return ip + ":" + node.getPort();
    }

    private static String conditions(Node node) {
        return node.getConditionsList().stream()
                .map(c -> c.getType() + "=" + c.getStatus() + " " + c.getMessage())
                .map(String::strip)
                .collect(Collectors.joining("\n"));
    }

    private static String blockers(Node node) {
        return node.getDrainBlockersList().stream()
                .map(b -> b.getInstanceId() + ": " + b.getReason())
                .collect(Collectors.joining("\n"));
    }
}
