package io.hypervisor.controller.edge;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.ListNodesResponse;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.WatchNodesRequest;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Snapshot;

import java.util.Iterator;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Lists a snapshot's nodes. Pure. */
final class NodeLists {
    private NodeLists() {}

    static ListNodesResponse list(Snapshot now, ListNodesRequest request, Pages pages) {
        ListNodesRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Pages.Cursor cursor = pages.open(filters, request.getPageSize(), request.getPageToken());
        boolean all = filters.equals(ListNodesRequest.getDefaultInstance());
        Iterator<Node> rest = matching(now, request, cursor.after()).iterator();
        Pages.Page<Node> page = cursor.take(rest, Node::getId);
        return ListNodesResponse.newBuilder()
                .addAllNodes(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(all ? now.nodes().size() : (int) matching(now, request, "").count())
                .setRevision(now.revision())
                .build();
    }

    private static Stream<Node> matching(Snapshot now, ListNodesRequest request, String after) {
        Iterable<String> ids = () -> InstanceLists.tail(now.nodes(), after);
        NodeStatus status = request.getStatus();
        return StreamSupport.stream(ids.spliterator(), false)
                .filter(id -> passes(now.nodes().get(id).value(), request))
                .flatMap(id -> NodeViews.node(now, id).stream())
                .filter(
                        node ->
                                status == NodeStatus.NODE_STATUS_UNSPECIFIED
                                        || node.getStatus() == status);
    }

    /** The filters that need no view, first, because they are cheap. */
    private static boolean passes(NodeRecord node, ListNodesRequest request) {
        return (request.getRole() == NodeRole.NODE_ROLE_UNSPECIFIED
                        || node.getRole() == request.getRole())
                && (request.getRegion().isEmpty() || node.getRegion().equals(request.getRegion()))
                && (request.getZone().isEmpty() || node.getZone().equals(request.getZone()))
                && InstanceLists.hasLabels(
                        node.getMetadata().getLabelsMap(), request.getLabelSelectorMap());
    }

    static Predicate<Node> test(WatchNodesRequest request) {
        return node ->
                (request.getRole() == NodeRole.NODE_ROLE_UNSPECIFIED
                                || node.getRole() == request.getRole())
                        && (request.getRegion().isEmpty()
                                || node.getRegion().equals(request.getRegion()))
                        && (request.getZone().isEmpty()
                                || node.getZone().equals(request.getZone()));
    }
}
