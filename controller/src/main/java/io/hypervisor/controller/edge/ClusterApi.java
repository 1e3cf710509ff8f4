package io.hypervisor.controller.edge;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.HeartbeatResponse;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.ListNodesResponse;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.RegisterNodeResponse;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.api.v1.WatchNodesRequest;
import io.hypervisor.controller.action.DeregisterNode;
import io.hypervisor.controller.action.FenceNode;
import io.hypervisor.controller.action.RecordHeartbeat;
import io.hypervisor.controller.action.RegisterNode;
import io.hypervisor.controller.action.UpdateNodeStatus;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.feed.NodeFeed;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.watch.Filter;
import io.hypervisor.controller.watch.WatchHub;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Release;

import java.time.Instant;
import java.util.Set;

/** ClusterService: the nodes. */
final class ClusterApi extends ClusterServiceGrpc.ClusterServiceImplBase {
    private final Replica replica;
    private final WatchHub hub;
    private final Contacts contacts;
    private final NodeFeed.Timing timing;
    private final Clock clock;
    private final Ids ids;

    /** Serves what the replica knows, and decides through it. */
    ClusterApi(
            Replica replica,
            WatchHub hub,
            Contacts contacts,
            NodeFeed.Timing timing,
            Clock clock,
            Ids ids) {
        this.replica = replica;
        this.hub = hub;
        this.contacts = contacts;
        this.timing = timing;
        this.clock = clock;
        this.ids = ids;
    }

    @Override
    public void registerNode(
            RegisterNodeRequest request, StreamObserver<RegisterNodeResponse> observer) {
        ClusterRequests.check(request);
        Node node = Calls.commit(replica, new RegisterNode(request, ids.next(), clock.timestamp()));
        Calls.answer(
                observer,
                RegisterNodeResponse.newBuilder()
                        .setNodeId(node.getId())
                        .setHeartbeatIntervalSeconds(heartbeatSeconds())
                        .setLeaseTtlSeconds(timing.heartbeatTimeout().toSeconds())
                        .setClusterId(
                                replica.snapshot()
                                        .cluster()
                                        .map(cluster -> cluster.getClusterId())
                                        .orElse(""))
                        .build());
    }

    @Override
    public void deregisterNode(DeregisterNodeRequest request, StreamObserver<Empty> observer) {
        ClusterRequests.check(request);
        boolean removed = false;
        while (!removed) {
            removed = Calls.commit(replica, new DeregisterNode(request, clock.timestamp()));
        }
        Calls.answer(observer, Empty.getDefaultInstance());
    }

    @Override
    public void getNode(GetNodeRequest request, StreamObserver<Node> observer) {
        ClusterRequests.check(request);
        Snapshot now = Calls.at(replica, request.getMinRevision());
        Calls.answer(
                observer,
                NodeViews.node(now, request.getNodeId())
                        .map(this::live)
                        .orElseThrow(() -> Fault.notFound("node", request.getNodeId())));
    }

    @Override
    public void listNodes(ListNodesRequest request, StreamObserver<ListNodesResponse> observer) {
        ClusterRequests.check(request);
        Snapshot now = replica.snapshot();
        ListNodesResponse page = NodeLists.list(now, request, Pages.of(now));
        Calls.answer(
                observer,
                page.toBuilder()
                        .clearNodes()
                        .addAllNodes(page.getNodesList().stream().map(this::live).toList())
                        .build());
    }

    /** What only the leader knows, because it is not stored. */
    private Node live(Node node) {
        Node.Builder live =
                node.toBuilder().setJournaledRevision(contacts.journaledRevision(node.getId()));
        contacts.lastSeen(node.getId()).ifPresent(at -> live.setLastSeen(timestamp(at)));
        return live.build();
    }

    private static Timestamp timestamp(Instant at) {
        return Timestamp.newBuilder()
                .setSeconds(at.getEpochSecond())
                .setNanos(at.getNano())
                .build();
    }

    @Override
    public void updateNodeStatus(UpdateNodeStatusRequest request, StreamObserver<Node> observer) {
        ClusterRequests.check(request);
        Calls.answer(
                observer,
                live(Calls.commit(replica, new UpdateNodeStatus(request, clock.timestamp()))));
    }

    @Override
    public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatResponse> observer) {
        ClusterRequests.check(request);
        Calls.commit(replica, new RecordHeartbeat(request, clock.timestamp()));
        contacts.heartbeat(
                request.getNodeId(), request.getStatus() != NodeStatus.NODE_STATUS_NOT_READY);
        Calls.answer(
                observer,
                HeartbeatResponse.newBuilder()
                        .setAccepted(true)
                        .setNextHeartbeatSeconds(heartbeatSeconds())
                        .build());
    }

    /** In whole seconds, at least one. */
    private long heartbeatSeconds() {
        return Math.max(1, timing.heartbeatInterval().toSeconds());
    }

    @Override
    public void fenceNode(FenceNodeRequest request, StreamObserver<Node> observer) {
        ClusterRequests.check(request);
        Calls.answer(
                observer, live(Calls.commit(replica, new FenceNode(request, clock.timestamp()))));
    }

    @Override
    public void watchNodes(WatchNodesRequest request, StreamObserver<NodeEvent> observer) {
        ClusterRequests.check(request);
        Calls.at(replica, request.getResumeRevision());
        Filter<Node> filter =
                Filter.of(Set.copyOf(request.getNodeIdsList()), NodeLists.test(request));
        EventSink.connect(
                observer, sink -> hub.watchNodes(filter, request.getResumeRevision(), sink));
    }

    @Override
    public void getClusterInfo(Empty request, StreamObserver<ClusterInfo> observer) {
        Calls.answer(
                observer,
                NodeViews.cluster(replica.snapshot(), Release.VERSION).toBuilder()
                        .setLeader(replica.leaderAddress().orElse(""))
                        .build());
    }
}
