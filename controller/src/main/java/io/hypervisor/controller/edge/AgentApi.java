package io.hypervisor.controller.edge;

import com.google.protobuf.Empty;

import io.grpc.MethodDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentListInstancesResponse;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.AgentRestartInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Violations;
import io.hypervisor.core.spec.AgentRequests;

import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** AgentService, each call passed on to the node it is about. */
final class AgentApi extends AgentServiceGrpc.AgentServiceImplBase {
    /** Names a node by id or hostname. */
    static final String NODE_HEADER = "hypervisor-node";

    private static final String INSTANCE_HEADER = "instance-id";
    private static final String PAGE_SIZE_HEADER = "hypervisor-page-size";
    private static final String PAGE_TOKEN_HEADER = "hypervisor-page-token";

    private final Supplier<Snapshot> snapshots;
    private final NodeDoor door;

    AgentApi(Supplier<Snapshot> snapshots, NodeDoor door) {
        this.snapshots = snapshots;
        this.door = door;
    }

    @Override
    public void createInstance(
            AgentCreateInstanceRequest request, StreamObserver<Instance> observer) {
        AgentRequests.check(request);
        Optional<NodeRecord> named = namedNode(snapshots.get());
        // An id that exists already tells the node: so a retry needs no header.
        NodeRecord node =
                named.isPresent() || request.getInstanceId().isEmpty()
                        ? named.orElseThrow(AgentApi::noNode)
                        : Views.instance(snapshots.get(), request.getInstanceId())
                                .map(instance -> NodeDoor.of(snapshots.get(), instance))
                                .orElseThrow(AgentApi::noNode);
        Calls.answer(
                observer, door.call(node, AgentServiceGrpc.getCreateInstanceMethod(), request));
    }

    @Override
    public void deleteInstance(AgentDeleteInstanceRequest request, StreamObserver<Empty> observer) {
        AgentRequests.check(request.getInstanceId());
        change(
                request.getInstanceId(),
                AgentServiceGrpc.getDeleteInstanceMethod(),
                request,
                observer);
    }

    @Override
    public void startInstance(AgentInstanceRequest request, StreamObserver<Instance> observer) {
        AgentRequests.check(request.getInstanceId());
        change(
                request.getInstanceId(),
                AgentServiceGrpc.getStartInstanceMethod(),
                request,
                observer);
    }

    @Override
    public void stopInstance(AgentStopInstanceRequest request, StreamObserver<Instance> observer) {
        AgentRequests.check(request);
        change(
                request.getInstanceId(),
                AgentServiceGrpc.getStopInstanceMethod(),
                request,
                observer);
    }

    @Override
    public void restartInstance(
            AgentRestartInstanceRequest request, StreamObserver<Instance> observer) {
        AgentRequests.check(request.getInstanceId());
        change(
                request.getInstanceId(),
                AgentServiceGrpc.getRestartInstanceMethod(),
                request,
                observer);
    }

    /** Changes a local instance; those of the cluster have their own service. */
    private <Q, S> void change(
            String id, MethodDescriptor<Q, S> method, Q request, StreamObserver<S> observer) {
        Snapshot now = snapshots.get();
        if (now.instance(id).isPresent()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "CLUSTER_INSTANCE",
                    "instance "
                            + id
                            + " belongs to the cluster (expected: a local one; change it through"
                            + " ComputeService)");
        }
        Calls.answer(observer, door.call(node(now, id), method, request));
    }

    @Override
    public void getInstance(AgentInstanceRequest request, StreamObserver<Instance> observer) {
        AgentRequests.check(request.getInstanceId());
        NodeRecord node = node(snapshots.get(), request.getInstanceId());
        Calls.answer(observer, door.call(node, AgentServiceGrpc.getGetInstanceMethod(), request));
    }

    @Override
    public void getInstanceStats(
            AgentInstanceRequest request, StreamObserver<InstanceStats> observer) {
        AgentRequests.check(request.getInstanceId());
        NodeRecord node = node(snapshots.get(), request.getInstanceId());
        Calls.answer(
                observer, door.call(node, AgentServiceGrpc.getGetInstanceStatsMethod(), request));
    }

    @Override
    public void listInstances(Empty request, StreamObserver<AgentListInstancesResponse> observer) {
        Snapshot now = snapshots.get();
        NodeRecord node = namedNode(now).orElseThrow(AgentApi::noNode);
        int size = pageSize();
        ListInstancesRequest scope =
                ListInstancesRequest.newBuilder().setNodeId(node.getId()).build();
        Pages.Cursor cursor =
                Pages.of(now).open(scope, size, Headers.get(PAGE_TOKEN_HEADER).orElse(""));
        List<Instance> all =
                door
                        .call(
                                node,
                                AgentServiceGrpc.getListInstancesMethod(),
                                Empty.getDefaultInstance())
                        .getInstancesList()
                        .stream()
                        .sorted(Comparator.comparing(Instance::getId))
                        .toList();
        Iterator<Instance> rest =
                all.stream()
                        .filter(instance -> instance.getId().compareTo(cursor.after()) > 0)
                        .iterator();
        Pages.Page<Instance> page = cursor.take(rest, Instance::getId);
        Calls.answer(
                observer,
                AgentListInstancesResponse.newBuilder()
                        .addAllInstances(page.items())
                        .setNextPageToken(page.nextToken())
                        .setTotalCount(all.size())
                        .build());
    }

    private static int pageSize() {
        String text = Headers.get(PAGE_SIZE_HEADER).orElse("0");
        new Violations()
                .check(text.matches("\\d{1,9}"), PAGE_SIZE_HEADER, text, "a number >= 0")
                .throwIfAny();
        return Integer.parseInt(text);
    }

    @Override
    public void getInstanceLogs(
            GetInstanceLogsRequest request, StreamObserver<InstanceLogChunk> observer) {
        AgentRequests.check(request);
        door.stream(
                node(snapshots.get(), request.getInstanceId()),
                AgentServiceGrpc.getGetInstanceLogsMethod(),
                request,
                (ServerCallStreamObserver<InstanceLogChunk>) observer);
    }

    @Override
    public void pullImage(
            AgentPullImageRequest request, StreamObserver<PullImageProgress> observer) {
        AgentRequests.check(request);
        door.stream(
                namedNode(snapshots.get()).orElseThrow(AgentApi::noNode),
                AgentServiceGrpc.getPullImageMethod(),
                request,
                (ServerCallStreamObserver<PullImageProgress>) observer);
    }

    @Override
    public StreamObserver<AgentConsoleInput> attachConsole(
            StreamObserver<AgentConsoleOutput> observer) {
        Optional<String> header = Headers.get(INSTANCE_HEADER);
        Optional<NodeRecord> named = namedNode(snapshots.get());
        return new ConsoleSession<>(door, new AgentDialect(header, named), observer);
    }

    private final class AgentDialect
            implements ConsoleSession.Dialect<AgentConsoleInput, AgentConsoleOutput> {
        private final Optional<String> header;
        private final Optional<NodeRecord> named;

        AgentDialect(Optional<String> header, Optional<NodeRecord> named) {
            this.header = header;
            this.named = named;
        }

        @Override
        public ConsoleSession.Target target(AgentConsoleInput first) {
            String id = first.getInstanceId().isEmpty() ? header.orElse("") : first.getInstanceId();
            AgentRequests.check(id);
            return new ConsoleSession.Target(named.orElseGet(() -> node(snapshots.get(), id)), id);
        }

        @Override
        public List<AgentConsoleInput> inputs(AgentConsoleInput message, boolean first) {
            AgentRequests.check(message);
            return message.getInputCase() == AgentConsoleInput.InputCase.INPUT_NOT_SET
                    ? List.of()
                    : List.of(message.toBuilder().clearInstanceId().build());
        }

        @Override
        public String instanceId(AgentConsoleInput message) {
            return message.getInstanceId();
        }

        @Override
        public AgentConsoleOutput output(AgentConsoleOutput output) {
            return output;
        }
    }

    /** The node that the header names, or else the instance's. */
    private static NodeRecord node(Snapshot now, String instanceId) {
        return namedNode(now).orElseGet(() -> NodeDoor.of(now, NodeDoor.instance(now, instanceId)));
    }

    private static Optional<NodeRecord> namedNode(Snapshot now) {
        return Headers.get(NODE_HEADER).map(name -> NodeDoor.named(now, name));
    }

    private static Fault noNode() {
        return Fault.invalid("header " + NODE_HEADER, "", "a node's id or hostname");
    }
}
