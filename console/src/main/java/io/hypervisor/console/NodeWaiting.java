package io.hypervisor.console;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.WatchNodesRequest;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Waits by the nodes' watch stream until they have a status. */
final class NodeWaiting {
    private final Hvctl hvctl;
    private final List<String> ids;
    private final NodeStatus wanted;
    private final Map<String, Node> known = new TreeMap<>();

    /**
     * @param ids the nodes; empty: all there are, and at least one
     */
    NodeWaiting(Hvctl hvctl, List<String> ids, NodeStatus wanted) {
        this.hvctl = hvctl;
        this.ids = ids;
        this.wanted = wanted;
    }

    /** Returns the nodes once all have it. */
    List<Node> await(Duration timeout) {
        // So many nodes there are at the start; before all were seen, all says nothing.
        int least =
                ids.isEmpty()
                        ? Math.max(
                                1,
                                hvctl.session()
                                        .cluster()
                                        .listNodes(ListNodesRequest.getDefaultInstance())
                                        .getTotalCount())
                        : ids.size();
        WatchNodesRequest request = WatchNodesRequest.newBuilder().addAllNodeIds(ids).build();
        try (Progress progress = new Progress(hvctl.surroundings())) {
            boolean reached =
                    hvctl.session()
                            .followNodes(
                                    request,
                                    Optional.of(timeout),
                                    event -> reached(event, least, progress));
            if (!reached) {
                throw Problem.failed("the server ended the watch", "again");
            }
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() != Status.Code.DEADLINE_EXCEEDED) {
                throw e;
            }
            throw new Problem(
                    Problem.TIMED_OUT,
                    "not all nodes are " + Words.of(wanted) + " after " + Units.span(timeout),
                    others(),
                    "hvctl node list");
        }
        // Events tell what was recorded; when a node was last heard of is told to who asks.
        return Lookup.nodes(
                        hvctl.session(), ListNodesRequest.getDefaultInstance(), Integer.MAX_VALUE)
                .getNodesList()
                .stream()
                .filter(node -> known.containsKey(node.getId()))
                .toList();
    }

    private boolean reached(NodeEvent event, int least, Progress progress) {
        if (event.hasNode()) {
            if (event.getType() == EventType.EVENT_TYPE_DELETED) {
                known.remove(event.getNode().getId());
            } else {
                known.put(event.getNode().getId(), event.getNode());
            }
        }
        progress.show(String.join(", ", others()));
        return known.size() >= least && others().isEmpty();
    }

    private List<String> others() {
        return known.values().stream()
                .filter(node -> node.getStatus() != wanted)
                .map(node -> node.getHostname() + ": " + Words.of(node.getStatus()))
                .toList();
    }
}
