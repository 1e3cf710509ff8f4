package io.hypervisor.console;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.CreateImageRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteImageRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstancePlan;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListImagesResponse;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.ListNodesResponse;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.NodeScore;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PlacementRejection;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.api.v1.WatchNodesRequest;
import io.hypervisor.core.Fault;
import io.hypervisor.core.server.TestServer;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * A controller that keeps its resources in two maps and does as it is told. An instance's life goes
 * on only when somebody watches it: it then passes through the states of {@link #ahead}.
 */
final class FakeController implements AutoCloseable {
    static final Instant NOW = Instant.parse("2026-01-02T12:00:00Z");
    static final Timestamp TIME =
            Timestamp.newBuilder().setSeconds(NOW.minusSeconds(7200).getEpochSecond()).build();
    private static final int ROOM_CPUS = 64;

    final Map<String, Node> nodes = new LinkedHashMap<>();
    final Map<String, Instance> instances = new LinkedHashMap<>();
    final List<UpdateInstanceRequest> updated = new ArrayList<>();
    final Map<String, CreateInstanceRequest> created = new LinkedHashMap<>();

    /** The states that a watched instance still goes through. */
    final Queue<InstanceState> ahead = new ConcurrentLinkedQueue<>();

    /** What was typed and told to consoles, in order. */
    final List<ConsoleInput> typed = new CopyOnWriteArrayList<>();

    /** How often the next watches break off after their first event. */
    int breaks;

    private final TestServer server = new TestServer(new Cluster(), new Compute());
    private long revision = 100;

    String address() {
        return server.address();
    }

    @Override
    public void close() {
        server.close();
    }

    static String id(int n) {
        return String.format("0198c0de-0000-7000-8000-%012x", n);
    }

    Node addNode(int n) {
        Node node =
                Node.newBuilder()
                        .setId(id(n))
                        .setHostname("node-" + n)
                        .setIp("10.0.0." + n)
                        .setPort(50052)
                        .setRole(NodeRole.NODE_ROLE_WORKER)
                        .setStatus(NodeStatus.NODE_STATUS_READY)
                        .setRegion("eu")
                        .setZone("eu-" + n)
                        .setAllocatable(resources(16, 64L << 30))
                        .setAllocated(resources(2, 1L << 30))
                        .setCapacity(resources(8, 64L << 30))
                        .addSupportedInstanceTypes("vm")
                        .setCreatedAt(TIME)
                        .setLastSeen(Timestamp.newBuilder().setSeconds(NOW.getEpochSecond() - 3))
                        .setRevision(++revision)
                        .build();
        nodes.put(node.getId(), node);
        return node;
    }

    Instance addInstance(int n, String name, InstanceState state) {
        Instance.Builder instance =
                Instance.newBuilder()
                        .setId(id(n))
                        .setName(name)
                        .setType(InstanceType.INSTANCE_TYPE_VM)
                        .setState(state)
                        .setNodeId(id(1))
                        .setCreatedAt(TIME)
                        .setRevision(++revision);
        instance.getSpecBuilder().setImage("debian").setCpuCores(2).setMemoryBytes(512L << 20);
        instances.put(id(n), instance.build());
        return instance.build();
    }

    private static Resources resources(int cpus, long memory) {
        return Resources.newBuilder().setCpuCores(cpus).setMemoryBytes(memory).build();
    }

    private Instance instance(String id) {
        Instance found = instances.get(id);
        if (found == null) {
            throw Fault.notFound("instance", id);
        }
        return found;
    }

    private Node node(String id) {
        Node found = nodes.get(id);
        if (found == null) {
            throw Fault.notFound("node", id);
        }
        return found;
    }

    private synchronized Instance put(Instance.Builder instance) {
        Instance written = instance.setRevision(++revision).build();
        instances.put(written.getId(), written);
        return written;
    }

    private static <T> void answer(StreamObserver<T> out, T value) {
        out.onNext(value);
        out.onCompleted();
    }

    /** A page of all items: the token is the index to go on from. */
    private static <T> List<T> page(List<T> all, int size, String token) {
        int from = token.isEmpty() ? 0 : Integer.parseInt(token);
        return all.subList(from, Math.min(all.size(), from + size));
    }

    private static String next(int total, int size, String token) {
        int to = (token.isEmpty() ? 0 : Integer.parseInt(token)) + size;
        return to < total ? "" + to : "";
    }

    private final class Cluster extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getClusterInfo(Empty request, StreamObserver<ClusterInfo> out) {
            answer(
                    out,
                    ClusterInfo.newBuilder()
                            .setClusterId(id(99))
                            .setClusterName("lab")
                            .setVersion("1.2.3")
                            .setLeader("10.0.0.1:50051")
                            .setTotalNodes(nodes.size())
                            .setReadyNodes(nodes.size())
                            .setTotalInstances(instances.size())
                            .setRunningInstances(instances.size())
                            .setTotalAllocated(resources(4, 2L << 30))
                            .setTotalAllocatable(resources(32, 128L << 30))
                            .setTotalCapacity(resources(16, 128L << 30))
                            .build());
        }

        @Override
        public void getNode(GetNodeRequest request, StreamObserver<Node> out) {
            answer(out, node(request.getNodeId()));
        }

        @Override
        public void listNodes(ListNodesRequest request, StreamObserver<ListNodesResponse> out) {
            List<Node> all =
                    nodes.values().stream()
                            .filter(
                                    n ->
                                            request.getStatusValue() == 0
                                                    || n.getStatus() == request.getStatus())
                            .toList();
            int size = request.getPageSize() == 0 ? 20 : request.getPageSize();
            answer(
                    out,
                    ListNodesResponse.newBuilder()
                            .addAllNodes(page(all, size, request.getPageToken()))
                            .setNextPageToken(next(all.size(), size, request.getPageToken()))
                            .setTotalCount(all.size())
                            .setRevision(revision)
                            .build());
        }

        @Override
        public void updateNodeStatus(UpdateNodeStatusRequest request, StreamObserver<Node> out) {
            Node node = node(request.getNodeId());
            Node updated =
                    node.toBuilder().setStatus(request.getStatus()).setRevision(++revision).build();
            nodes.put(node.getId(), updated);
            answer(out, updated);
        }

        @Override
        public void fenceNode(FenceNodeRequest request, StreamObserver<Node> out) {
            Node node = node(request.getNodeId());
            if (node.getStatusValue() != 5) {
                throw Fault.wrongState("node", node.getHostname(), "READY", "UNREACHABLE");
            }
            answer(out, node);
        }

        @Override
        public void deregisterNode(DeregisterNodeRequest request, StreamObserver<Empty> out) {
            nodes.remove(node(request.getNodeId()).getId());
            answer(out, Empty.getDefaultInstance());
        }

        @Override
        public void watchNodes(WatchNodesRequest request, StreamObserver<NodeEvent> out) {
            nodes.values().stream()
                    .filter(
                            n ->
                                    request.getNodeIdsCount() == 0
                                            || request.getNodeIdsList().contains(n.getId()))
                    // As the real one: when a node was last heard of is in no event.
                    .map(n -> n.toBuilder().setLastSeen(n.getCreatedAt()).build())
                    .forEach(n -> out.onNext(event(n, EventType.EVENT_TYPE_ADDED)));
            // A node's instances leave it one by one while somebody watches.
            for (String id : request.getNodeIdsList()) {
                Node node = node(id);
                while (node.getInstanceCount() > node.getDrainBlockersCount()) {
                    node = node.toBuilder().setInstanceCount(node.getInstanceCount() - 1).build();
                    out.onNext(event(node, EventType.EVENT_TYPE_MODIFIED));
                }
            }
        }

        private NodeEvent event(Node node, EventType type) {
            return NodeEvent.newBuilder()
                    .setNode(node)
                    .setType(type)
                    .setRevision(node.getRevision())
                    .setTimestamp(TIME)
                    .build();
        }
    }

    private final class Compute extends ComputeServiceGrpc.ComputeServiceImplBase {
        @Override
        public void createInstance(CreateInstanceRequest request, StreamObserver<Instance> out) {
            if (request.getSpec().getCpuCores() > 512) {
                throw Fault.invalid("spec.cpu_cores", request.getSpec().getCpuCores(), "1 to 512");
            }
            if (request.getSpec().getCpuCores() > ROOM_CPUS) {
                throw Fault.of(
                        Fault.Kind.RESOURCE_EXHAUSTED,
                        "NO_ROOM",
                        "no node has room",
                        List.of(new Fault.Violation("cpu", "turned away 2 nodes")));
            }
            created.put(request.getRequestId(), request);
            answer(
                    out,
                    put(
                            Instance.newBuilder()
                                    .setId(id(50))
                                    .setName(request.getName())
                                    .setType(request.getType())
                                    .setSpec(request.getSpec())
                                    .setMetadata(request.getMetadata())
                                    .setNodeId(id(1))
                                    .setCreatedAt(TIME)
                                    .setState(InstanceState.INSTANCE_STATE_PENDING)));
        }

        @Override
        public void planInstance(CreateInstanceRequest request, StreamObserver<InstancePlan> out) {
            InstancePlan.Builder plan = InstancePlan.newBuilder();
            plan.addRejections(
                    PlacementRejection.newBuilder()
                            .setFilter("cpu")
                            .setNodes(1)
                            .setExample("node-2: needs 2 cores, 0 of 16 free"));
            if (request.getSpec().getCpuCores() <= ROOM_CPUS) {
                plan.setNodeId(id(1))
                        .setReservation(resources(2, 640L << 20))
                        .addScores(NodeScore.newBuilder().setNodeId(id(1)).setScore(87.5));
            }
            answer(out, plan.build());
        }

        @Override
        public void getInstance(GetInstanceRequest request, StreamObserver<Instance> out) {
            answer(out, instance(request.getInstanceId()));
        }

        @Override
        public void listInstances(
                ListInstancesRequest request, StreamObserver<ListInstancesResponse> out) {
            List<Instance> all =
                    instances.values().stream()
                            .filter(
                                    i ->
                                            request.getName().isEmpty()
                                                    || i.getName().equals(request.getName()))
                            .filter(
                                    i ->
                                            request.getStateValue() == 0
                                                    || i.getState() == request.getState())
                            .toList();
            int size = request.getPageSize() == 0 ? 20 : request.getPageSize();
            answer(
                    out,
                    ListInstancesResponse.newBuilder()
                            .addAllInstances(page(all, size, request.getPageToken()))
                            .setNextPageToken(next(all.size(), size, request.getPageToken()))
                            .setTotalCount(all.size())
                            .setRevision(revision)
                            .build());
        }

        @Override
        public void startInstance(StartInstanceRequest request, StreamObserver<Instance> out) {
            become(request.getInstanceId(), InstanceState.INSTANCE_STATE_STARTING, out);
        }

        @Override
        public void stopInstance(StopInstanceRequest request, StreamObserver<Instance> out) {
            Instance instance = instance(request.getInstanceId());
            if (instance.getState() == InstanceState.INSTANCE_STATE_STOPPED) {
                throw Fault.wrongState("instance", instance.getName(), "STOPPED", "RUNNING");
            }
            become(request.getInstanceId(), InstanceState.INSTANCE_STATE_STOPPING, out);
        }

        @Override
        public void updateInstance(UpdateInstanceRequest request, StreamObserver<Instance> out) {
            updated.add(request);
            Instance now = instance(request.getInstanceId());
            answer(
                    out,
                    put(
                            now.toBuilder()
                                    .setSpec(request.getSpec())
                                    .setMetadata(request.getMetadata())
                                    .addAllNeedsRestart(
                                            request.getUpdateMask().getPathsList().stream()
                                                    .filter("spec.memory_bytes"::equals)
                                                    .toList())));
        }

        @Override
        public void restartInstance(RestartInstanceRequest request, StreamObserver<Instance> out) {
            become(request.getInstanceId(), InstanceState.INSTANCE_STATE_STOPPING, out);
        }

        @Override
        public void deleteInstance(DeleteInstanceRequest request, StreamObserver<Empty> out) {
            put(
                    instance(request.getInstanceId()).toBuilder()
                            .setState(InstanceState.INSTANCE_STATE_DELETING));
            answer(out, Empty.getDefaultInstance());
        }

        private void become(String id, InstanceState state, StreamObserver<Instance> out) {
            answer(out, put(instance(id).toBuilder().setState(state)));
        }

        @Override
        public void watchInstance(WatchInstanceRequest request, StreamObserver<InstanceEvent> out) {
            List<Instance> watched =
                    request.getInstanceId().isEmpty()
                            ? new ArrayList<>(instances.values())
                            : List.of(instance(request.getInstanceId()));
            watched.forEach(i -> out.onNext(event(i, EventType.EVENT_TYPE_ADDED)));
            if (breaks-- > 0) {
                throw Fault.unavailable("LEADER_LOST", "the leader is gone");
            }
            Instance last = watched.getFirst();
            for (InstanceState state = ahead.poll(); state != null; state = ahead.poll()) {
                last = put(last.toBuilder().setState(state));
                out.onNext(event(last, EventType.EVENT_TYPE_MODIFIED));
            }
            if (last.getState() == InstanceState.INSTANCE_STATE_DELETING) {
                instances.remove(last.getId());
                out.onNext(event(last, EventType.EVENT_TYPE_DELETED));
                out.onCompleted();
            }
        }

        private InstanceEvent event(Instance instance, EventType type) {
            return InstanceEvent.newBuilder()
                    .setInstance(instance)
                    .setType(type)
                    .setRevision(instance.getRevision())
                    .setTimestamp(TIME)
                    .build();
        }

        @Override
        public void getInstanceStats(
                GetInstanceStatsRequest request, StreamObserver<InstanceStats> out) {
            answer(
                    out,
                    InstanceStats.newBuilder()
                            .setInstanceId(request.getInstanceId())
                            .setCpuUsagePercent(12.5)
                            .setCpuTimeNs(90_000_000_000L)
                            .setMemoryUsedBytes(300L << 20)
                            .build());
        }

        @Override
        public void getInstanceLogs(
                GetInstanceLogsRequest request, StreamObserver<InstanceLogChunk> out) {
            for (String part : List.of("hello\nguest re", "ady\n")) {
                out.onNext(
                        InstanceLogChunk.newBuilder()
                                .setData(ByteString.copyFromUtf8(part))
                                .build());
            }
            if (!request.getFollow()) {
                out.onCompleted();
            }
        }

        @Override
        public StreamObserver<ConsoleInput> attachConsole(StreamObserver<ConsoleOutput> out) {
            ((ServerCallStreamObserver<ConsoleOutput>) out).setOnCancelHandler(() -> {});
            return new StreamObserver<>() {
                @Override
                public void onNext(ConsoleInput input) {
                    typed.add(input);
                    if (input.getData().toString(StandardCharsets.UTF_8).contains("poweroff")) {
                        out.onCompleted();
                    } else if (!input.getData().isEmpty()) {
                        out.onNext(ConsoleOutput.newBuilder().setData(input.getData()).build());
                    } else if (!input.getInstanceId().isEmpty()) {
                        out.onNext(
                                ConsoleOutput.newBuilder()
                                        .setData(ByteString.copyFromUtf8("login: "))
                                        .build());
                    }
                }

                @Override
                public void onError(Throwable thrown) {
                    // The client is gone.
                }

                @Override
                public void onCompleted() {
                    out.onCompleted();
                }
            };
        }

        @Override
        public void listImages(ListImagesRequest request, StreamObserver<ListImagesResponse> out) {
            answer(
                    out,
                    ListImagesResponse.newBuilder()
                            .addImages(
                                    Image.newBuilder()
                                            .setId("vm/debian")
                                            .setName("debian")
                                            .setType(InstanceType.INSTANCE_TYPE_VM)
                                            .setSizeBytes(3L << 29)
                                            .setCreatedAt(TIME)
                                            .addNodeIds(id(1)))
                            .setTotalCount(1)
                            .build());
        }

        @Override
        public void createImage(CreateImageRequest request, StreamObserver<Image> out) {
            answer(
                    out,
                    Image.newBuilder()
                            .setName(request.getName())
                            .setSource(request.getSource())
                            .setDefaultUser(request.getDefaultUser())
                            .build());
        }

        @Override
        public void deleteImage(DeleteImageRequest request, StreamObserver<Empty> out) {
            if (request.getName().equals("missing")) {
                throw Fault.notFound("image", request.getName());
            }
            answer(out, Empty.getDefaultInstance());
        }

        @Override
        public void pullImage(PullImageRequest request, StreamObserver<PullImageProgress> out) {
            Function<String, PullImageProgress.Builder> step =
                    status -> PullImageProgress.newBuilder().setStatus(status).setTotal(2048);
            out.onNext(step.apply("downloading").setCurrent(1024).build());
            boolean bad = request.getImageRef().contains("missing");
            answer(
                    out,
                    bad
                            ? step.apply("failed").setError("manifest unknown").build()
                            : step.apply("done").setCurrent(2048).setCompleted(true).build());
        }
    }
}
