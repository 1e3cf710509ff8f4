package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.ListVolumesRequest;
import io.hypervisor.api.v1.NodePullProgress;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.StorageServiceGrpc;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.server.Described;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One controller with an in-memory store, called as clients call it. */
final class EdgeTest {
    private static VirtualTasks storeTasks;
    private static FakeAgent agent;
    private static TestController controller;
    private static ClusterServiceGrpc.ClusterServiceBlockingStub cluster;
    private static ComputeServiceGrpc.ComputeServiceBlockingStub compute;
    private static String nodeId;

    @BeforeAll
    static void start() {
        storeTasks = new VirtualTasks();
        controller = new TestController(new MemoryStore(storeTasks, 10_000).connect());
        cluster = ClusterServiceGrpc.newBlockingStub(controller.channel());
        compute = ComputeServiceGrpc.newBlockingStub(controller.channel());
        agent = new FakeAgent();
        nodeId = ready(cluster, TestController.node("node-1", agent.port()));
    }

    /** Registers a node, and has it send heartbeats until it is READY. */
    static String ready(
            ClusterServiceGrpc.ClusterServiceBlockingStub cluster, RegisterNodeRequest request) {
        String id = cluster.registerNode(request).getNodeId();
        HeartbeatRequest beat =
                HeartbeatRequest.newBuilder()
                        .setNodeId(id)
                        .setStatus(NodeStatus.NODE_STATUS_READY)
                        .build();
        GetNodeRequest get = GetNodeRequest.newBuilder().setNodeId(id).build();
        await().until(
                        () ->
                                cluster.heartbeat(beat).getAccepted()
                                        && cluster.getNode(get).getStatus()
                                                == NodeStatus.NODE_STATUS_READY);
        return id;
    }

    @AfterAll
    static void stop() {
        controller.close();
        agent.close();
        storeTasks.close();
    }

    static CreateInstanceRequest container(String name) {
        return CreateInstanceRequest.newBuilder()
                .setName(name)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage("docker.io/library/busybox:1.36"))
                .build();
    }

    @Test
    void clusterInfoSumsUp() {
        ClusterInfo info = cluster.getClusterInfo(Empty.getDefaultInstance());
        assertThat(info.getClusterName()).isEqualTo("test");
        assertThat(info.getClusterId()).isNotEmpty();
        assertThat(info.getTotalNodes()).isEqualTo(1);
        assertThat(info.getLeader()).isNotEmpty();
    }

    @Test
    void anInstanceIsPlacedAndCanBeRead() {
        Instance created = compute.createInstance(container("readable"));
        assertThat(created.getNodeId()).isEqualTo(nodeId);
        assertThat(created.getState()).isEqualTo(InstanceState.INSTANCE_STATE_PENDING);
        Instance read =
                compute.getInstance(
                        GetInstanceRequest.newBuilder()
                                .setInstanceId(created.getId())
                                .setMinRevision(created.getRevision())
                                .build());
        // Its node may have begun meanwhile, so the state may have moved on.
        assertThat(read.getId()).isEqualTo(created.getId());
        assertThat(read.getSpec()).isEqualTo(created.getSpec());
        assertThat(read.getNodeId()).isEqualTo(nodeId);
        assertThat(read.getRevision()).isGreaterThanOrEqualTo(created.getRevision());
    }

    @Test
    void aRevisionThatDoesNotComeEndsWithTheDeadline() {
        Instance created = compute.createInstance(container("waited-for"));
        Status status =
                statusOf(
                        () ->
                                compute.withDeadlineAfter(200, TimeUnit.MILLISECONDS)
                                        .getInstance(
                                                GetInstanceRequest.newBuilder()
                                                        .setInstanceId(created.getId())
                                                        .setMinRevision(1L << 40)
                                                        .build()));
        assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void aGetThatWaitsForItsRevisionHoldsUpNoOther() {
        Instance created = compute.createInstance(container("asked-for"));
        GetInstanceRequest now =
                GetInstanceRequest.newBuilder().setInstanceId(created.getId()).build();
        var waiting =
                ComputeServiceGrpc.newFutureStub(controller.channel())
                        .getInstance(now.toBuilder().setMinRevision(1L << 40).build());
        assertThat(compute.getInstance(now).getId()).isEqualTo(created.getId());
        assertThat(waiting.isDone()).isFalse();
        waiting.cancel(true);
    }

    @Test
    void pagesHoldEveryInstanceOnce() {
        Set<String> made = new TreeSet<>();
        for (int i = 0; i < 7; i++) {
            made.add(compute.createInstance(container("paged-" + i)).getId());
        }
        Set<String> seen = new TreeSet<>();
        String token = "";
        int total;
        do {
            ListInstancesResponse page =
                    compute.listInstances(
                            ListInstancesRequest.newBuilder()
                                    .setNodeId(nodeId)
                                    .setPageSize(3)
                                    .setPageToken(token)
                                    .build());
            assertThat(page.getInstancesCount()).isBetween(1, 3);
            page.getInstancesList().forEach(i -> assertThat(seen.add(i.getId())).isTrue());
            token = page.getNextPageToken();
            total = page.getTotalCount();
        } while (!token.isEmpty());
        assertThat(seen).containsAll(made).hasSize(total);
    }

    @Test
    void aWatcherSeesWhatIsThereAndWhatComes() throws InterruptedException {
        Instance before = compute.createInstance(container("watched-1"));
        Iterator<InstanceEvent> events =
                compute.withDeadlineAfter(30, TimeUnit.SECONDS)
                        .watchInstance(
                                WatchInstanceRequest.newBuilder()
                                        .setResumeRevision(before.getRevision())
                                        .build());
        Instance after = compute.createInstance(container("watched-2"));
        InstanceEvent event = events.next();
        // Instances of other tests may change meanwhile; bookmarks name none.
        while (!event.getInstance().getId().equals(after.getId())) {
            event = events.next();
        }
        assertThat(event.getType()).isEqualTo(EventType.EVENT_TYPE_ADDED);
        assertThat(event.getRevision()).isGreaterThan(before.getRevision());
    }

    @Test
    void anIdleWatcherGetsBookmarks() {
        Iterator<InstanceEvent> events =
                compute.withDeadlineAfter(30, TimeUnit.SECONDS)
                        .watchInstance(
                                WatchInstanceRequest.newBuilder()
                                        .setType(InstanceType.INSTANCE_TYPE_MICROVM)
                                        .build());
        for (int i = 0; i < 2; i++) {
            InstanceEvent event = events.next();
            assertThat(event.getType()).isEqualTo(EventType.EVENT_TYPE_UNSPECIFIED);
            assertThat(event.getRevision()).isPositive();
        }
    }

    @Test
    void statsAndLogsComeFromTheNode() {
        Instance instance = running("logging");
        InstanceStats stats =
                compute.getInstanceStats(
                        GetInstanceStatsRequest.newBuilder()
                                .setInstanceId(instance.getId())
                                .build());
        assertThat(stats.getCpuTimeNs()).isEqualTo(42);
        List<InstanceLogChunk> chunks = new ArrayList<>();
        compute.getInstanceLogs(
                        GetInstanceLogsRequest.newBuilder().setInstanceId(instance.getId()).build())
                .forEachRemaining(chunks::add);
        assertThat(chunks).hasSize(FakeAgent.LOG_CHUNKS);
        assertThat(chunks.getLast().getData().toStringUtf8()).isEqualTo("line 49\n");
    }

    @Test
    void aConsoleGoesBothWays() throws InterruptedException {
        Instance instance = running("console");
        Console console = new Console();
        var input = ComputeServiceGrpc.newStub(controller.channel()).attachConsole(console);
        input.onNext(
                ConsoleInput.newBuilder()
                        .setInstanceId(instance.getId())
                        .setTty(true)
                        .setWidth(80)
                        .setHeight(24)
                        .build());
        assertThat(console.line()).isEqualTo("hello " + instance.getId() + "\n");
        assertThat(console.line()).isEqualTo("80x24\n");
        input.onNext(ConsoleInput.newBuilder().setData(ByteString.copyFromUtf8("ls")).build());
        assertThat(console.line()).isEqualTo("ls\n");
        input.onNext(ConsoleInput.newBuilder().setData(ByteString.copyFromUtf8("exit")).build());
        assertThat(console.line()).isEqualTo("exit\n");
        assertThat(console.line()).isEqualTo("OK");
    }

    @Test
    void aConsoleClientThatHalfClosesKeepsGettingOutput() throws InterruptedException {
        Instance instance = running("half-closed");
        Console console = new Console();
        var input = ComputeServiceGrpc.newStub(controller.channel()).attachConsole(console);
        input.onNext(ConsoleInput.newBuilder().setInstanceId(instance.getId()).build());
        input.onCompleted();
        assertThat(console.line()).isEqualTo("hello " + instance.getId() + "\n");
        assertThat(agent.openConsoles.get()).isPositive();
        console.cancel();
        await().until(() -> agent.openConsoles.get() == 0);
    }

    @Test
    void aConsoleOfAnUnknownInstanceIsNotFound() throws InterruptedException {
        Console console = new Console();
        var input = ComputeServiceGrpc.newStub(controller.channel()).attachConsole(console);
        input.onNext(ConsoleInput.newBuilder().setInstanceId(new UUID(1, 2).toString()).build());
        assertThat(console.line()).isEqualTo("NOT_FOUND");
    }

    /** An instance that its node has started. */
    private static Instance running(String name) {
        String id = compute.createInstance(container(name)).getId();
        GetInstanceRequest get = GetInstanceRequest.newBuilder().setInstanceId(id).build();
        await().until(
                        () ->
                                compute.getInstance(get).getState()
                                        == InstanceState.INSTANCE_STATE_RUNNING);
        return compute.getInstance(get);
    }

    /** A console's client: lines, and the name of the status at the end. */
    private static final class Console
            implements ClientResponseObserver<ConsoleInput, ConsoleOutput> {
        private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        private ClientCallStreamObserver<ConsoleInput> call;

        String line() throws InterruptedException {
            return lines.poll(10, TimeUnit.SECONDS);
        }

        void cancel() {
            call.cancel("done", null);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<ConsoleInput> stream) {
            call = stream;
        }

        @Override
        public void onNext(ConsoleOutput output) {
            lines.add(output.getData().toStringUtf8());
        }

        @Override
        public void onError(Throwable t) {
            lines.add(Status.fromThrowable(t).getCode().name());
        }

        @Override
        public void onCompleted() {
            lines.add("OK");
        }
    }

    private static Iterator<PullImageProgress> pull(String image, String node) {
        return compute.pullImage(
                PullImageRequest.newBuilder()
                        .setImageRef(image)
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setNodeId(node)
                        .build());
    }

    private static PullImageProgress last(Iterator<PullImageProgress> stream) {
        PullImageProgress last = PullImageProgress.getDefaultInstance();
        while (stream.hasNext()) {
            assertThat(last.getCompleted()).isFalse();
            last = stream.next();
        }
        return last;
    }

    @Test
    void anImageIsPulledWhereAsked() {
        PullImageProgress done = last(pull("team/app:1", nodeId));
        assertThat(done.getCompleted()).isTrue();
        assertThat(done.getCurrent()).isEqualTo(FakeAgent.IMAGE_BYTES);
        assertThat(done.getTotal()).isEqualTo(FakeAgent.IMAGE_BYTES);
        assertThat(done.getStatus()).isEqualTo("completed");
        assertThat(done.getNodesList())
                .extracting(NodePullProgress::getNodeId)
                .containsExactly(nodeId);
        assertThat(last(pull("team/app:1", "")).getCompleted()).isTrue();
    }

    @Test
    void aFailedPullNamesNodeAndCause() {
        PullImageProgress end = last(pull("team/missing:1", nodeId));
        assertThat(end.getCompleted()).isFalse();
        assertThat(end.getStatus()).isEqualTo("failed");
        assertThat(end.getError()).isEqualTo("node node-1: has no team/missing:1");
        assertThat(last(pull("team/silent:1", nodeId)).getError())
                .isEqualTo("node node-1: it ended without saying whether it holds the image");
        assertThat(last(pull("team/refused:1", nodeId)).getError())
                .isEqualTo("node node-1: it fetches images only when an instance needs them");
    }

    @Test
    void aCallerWhoLeavesEndsTheNodesPull() throws Exception {
        Context.CancellableContext call = Context.current().withCancellation();
        Iterator<PullImageProgress> stream = call.call(() -> pull("team/endless:1", nodeId));
        assertThat(stream.next().getNodesCount()).isEqualTo(1);
        await().until(() -> agent.openPulls.get() == 1);
        call.cancel(null);
        await().until(() -> agent.openPulls.get() == 0);
    }

    @Test
    void aPullWithoutATargetIsRefused() {
        PullImageRequest vm =
                PullImageRequest.newBuilder()
                        .setImageRef("debian")
                        .setType(InstanceType.INSTANCE_TYPE_MICROVM)
                        .build();
        for (String node : List.of("", nodeId)) {
            PullImageRequest request = vm.toBuilder().setNodeId(node).build();
            Status status = statusOf(() -> compute.pullImage(request).next());
            assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(status.getDescription()).contains("type microvm");
        }
    }

    @Test
    void volumesAreUnimplemented() {
        Status status =
                statusOf(
                        () ->
                                StorageServiceGrpc.newBlockingStub(controller.channel())
                                        .listVolumes(ListVolumesRequest.getDefaultInstance()));
        assertThat(status.getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    }

    @Test
    void faultsCarryDetails() {
        StatusRuntimeException e =
                assertThrows(
                        StatusRuntimeException.class,
                        () -> compute.createInstance(container("Bad_Name")));
        com.google.rpc.Status status = StatusProto.fromThrowable(e);
        assertThat(status.getDetailsList())
                .anyMatch(any -> any.is(ErrorInfo.class))
                .anyMatch(any -> any.is(BadRequest.class));
    }

    @Test
    void reflectionListsAllServices() {
        assertThat(Described.services(controller.channel()))
                .contains(
                        "hypervisor.v1.ClusterService",
                        "hypervisor.v1.ComputeService",
                        "hypervisor.v1.AgentService",
                        "hypervisor.v1.NetworkService",
                        "hypervisor.v1.StorageService",
                        "hypervisor.internal.v1.NodeLinkService",
                        "grpc.health.v1.Health");
    }

    static Status statusOf(Runnable call) {
        try {
            call.run();
        } catch (StatusRuntimeException e) {
            return e.getStatus();
        }
        return Status.OK;
    }
}
