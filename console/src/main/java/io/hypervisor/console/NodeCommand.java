package io.hypervisor.console;

import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.ListNodesResponse;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.api.v1.WatchNodesRequest;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

@Command(
        name = "node",
        aliases = {"nodes", "n"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "The machines that run instances.")
final class NodeCommand {
    @ParentCommand Hvctl hvctl;

    /** What {@code list} filters by. */
    static final class Filters {
        @Option(
                names = "--status",
                paramLabel = "STATUS",
                completionCandidates = Candidates.Statuses.class,
                description = "Only this status: ${COMPLETION-CANDIDATES}.")
        NodeStatus status = NodeStatus.NODE_STATUS_UNSPECIFIED;

        @Option(
                names = "--role",
                paramLabel = "ROLE",
                completionCandidates = Candidates.Roles.class,
                description = "Only this role: ${COMPLETION-CANDIDATES}.")
        NodeRole role = NodeRole.NODE_ROLE_UNSPECIFIED;

        @Option(names = "--region", defaultValue = "", description = "Only this region.")
        String region;

        @Option(names = "--zone", defaultValue = "", description = "Only this zone.")
        String zone;

        @Mixin Labels labels;
    }

    /** Names one node. */
    static final class Named {
        @Parameters(
                paramLabel = "NODE",
                completionCandidates = Candidates.Nodes.class,
                description = "Its hostname, id, or the beginning of its id.")
        String node;
    }

    /** Names some nodes. */
    static final class Several {
        @Parameters(
                paramLabel = "NODE",
                arity = "1..*",
                completionCandidates = Candidates.Nodes.class,
                description = "Their hostnames, ids, or the beginnings of their ids.")
        List<String> nodes = new ArrayList<>();
    }

    @Command(description = "List the nodes.")
    void list(@Mixin Filters filters, @Mixin Limit limit) {
        ListNodesRequest request =
                ListNodesRequest.newBuilder()
                        .setStatus(filters.status)
                        .setRole(filters.role)
                        .setRegion(filters.region)
                        .setZone(filters.zone)
                        .putAllLabelSelector(filters.labels.all)
                        .build();
        ListNodesResponse nodes = Lookup.nodes(hvctl.session(), request, limit.items());
        hvctl.output().list(nodes, nodes.getNodesList(), columns());
    }

    @Command(description = "Show all that is known about a node.")
    void get(@Mixin Named named) {
        Node node = find(named.node);
        hvctl.output().details(node, node, columns());
    }

    @Command(description = "Close nodes for new instances; what runs there stays.")
    void cordon(@Mixin Several several) {
        update(several, NodeStatus.NODE_STATUS_CORDONED);
    }

    @Command(description = "Open nodes for new instances again.")
    void uncordon(@Mixin Several several) {
        update(several, NodeStatus.NODE_STATUS_READY);
    }

    @Command(
            description = {
                "Close nodes while they are worked on: losing touch then raises no alarm and moves"
                        + " nothing."
            })
    void maintenance(@Mixin Several several) {
        update(several, NodeStatus.NODE_STATUS_MAINTENANCE);
    }

    @Command(
            description = {
                "Close a node, and move away what may move until it is empty.",
                "When only instances are left that may not move, or find no other node, names each"
                        + " with its reason and ends with exit code 1."
            })
    void drain(
            @Mixin Named named,
            @Option(names = "--no-wait", description = "Return once the node is closed.")
                    boolean noWait,
            @Option(
                            names = "--timeout",
                            paramLabel = "TIME",
                            defaultValue = "5m",
                            description = "How long to wait. Default: ${DEFAULT-VALUE}.")
                    Duration timeout) {
        Node node = update(find(named.node), NodeStatus.NODE_STATUS_DRAINING);
        Node last = noWait ? node : new Draining(hvctl, node).await(timeout);
        hvctl.output().row(last, last, columns());
    }

    @Command(
            description = {
                "Give your word that an unreachable node is off and will not come back by itself.",
                "Its instances that may be recreated then start elsewhere. If it were still"
                        + " running, they would run twice."
            })
    void fence(
            @Mixin Named named, @Option(names = "--yes", description = "It is off.") boolean yes) {
        Node node = find(named.node);
        if (!yes) {
            throw Problem.usage(
                    "fencing " + node.getHostname() + " needs your word that it is off",
                    "hvctl node fence " + named.node + " --yes, once it is");
        }
        Node fenced =
                hvctl.session()
                        .cluster()
                        .fenceNode(FenceNodeRequest.newBuilder().setNodeId(node.getId()).build());
        hvctl.output().row(fenced, fenced, columns());
    }

    @Command(description = "Remove a node that has no instances.")
    void deregister(@Mixin Named named) {
        Node node = find(named.node);
        hvctl.session()
                .cluster()
                .deregisterNode(DeregisterNodeRequest.newBuilder().setNodeId(node.getId()).build());
        hvctl.say(node.getHostname() + " deregistered");
    }

    @Command(
            name = "wait",
            description = {
                "Wait until nodes have a status.",
                "With --all: until there are nodes and all of them have it."
            })
    void await(
            @Parameters(
                            paramLabel = "[NODE...] STATUS",
                            arity = "1..*",
                            description = "Hostnames or ids, and as the last word the status.")
                    List<String> words,
            @Option(names = "--all", description = "All nodes.") boolean all,
            @Mixin Timeout timeout) {
        List<String> named = words.subList(0, words.size() - 1);
        if (all == !named.isEmpty()) {
            throw Problem.usage("wait for which nodes?", "NODE... STATUS, or --all STATUS");
        }
        NodeStatus wanted;
        try {
            wanted = Words.parse(NodeStatus.class, words.getLast());
        } catch (IllegalArgumentException e) {
            throw Problem.usage(String.valueOf(e.getMessage()), "hvctl node wait --help");
        }
        List<String> ids = named.stream().map(node -> find(node).getId()).toList();
        List<Node> reached = new NodeWaiting(hvctl, ids, wanted).await(timeout.time);
        show(reached);
    }

    @Command(
            description = {
                "Show nodes as they are, then every change, until interrupted.",
                "After a lost connection it begins again with the nodes as they are."
            })
    void watch(
            @Parameters(
                            paramLabel = "NODE",
                            arity = "0..*",
                            completionCandidates = Candidates.Nodes.class,
                            description = "Only these; all by default.")
                    List<String> nodes) {
        WatchNodesRequest.Builder request = WatchNodesRequest.newBuilder();
        if (nodes != null) {
            nodes.forEach(node -> request.addNodeIds(find(node).getId()));
        }
        hvctl.session()
                .followNodes(
                        request.build(),
                        Optional.empty(),
                        event -> {
                            hvctl.output()
                                    .event(
                                            event.getType(),
                                            event,
                                            NodeColumns.EVENTS,
                                            NodeColumns.EVENT_WIDTHS);
                            return false;
                        });
    }

    private void update(Several several, NodeStatus status) {
        List<Node> nodes = several.nodes.stream().map(this::find).toList();
        List<Node> updated = nodes.stream().map(node -> update(node, status)).toList();
        show(updated);
    }

    private void show(List<Node> nodes) {
        ListNodesResponse all = ListNodesResponse.newBuilder().addAllNodes(nodes).build();
        hvctl.output().list(nodes.size() == 1 ? nodes.getFirst() : all, nodes, columns());
    }

    private Node update(Node node, NodeStatus status) {
        return hvctl.session()
                .cluster()
                .updateNodeStatus(
                        UpdateNodeStatusRequest.newBuilder()
                                .setNodeId(node.getId())
                                .setStatus(status)
                                .build());
    }

    private Node find(String named) {
        return new Lookup(hvctl.session()).node(named);
    }

    private List<Column<Node>> columns() {
        return NodeColumns.of(hvctl.surroundings().clock().instant());
    }
}
