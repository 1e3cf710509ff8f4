package io.hypervisor.controller.edge;

import com.google.protobuf.Empty;

import io.grpc.MethodDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.CreateImageRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteImageRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstancePlan;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListImagesResponse;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.controller.action.CreateImage;
import io.hypervisor.controller.action.CreateInstance;
import io.hypervisor.controller.action.DeleteImage;
import io.hypervisor.controller.action.DeleteInstance;
import io.hypervisor.controller.action.Digests;
import io.hypervisor.controller.action.RestartInstance;
import io.hypervisor.controller.action.StartInstance;
import io.hypervisor.controller.action.StopInstance;
import io.hypervisor.controller.action.UpdateInstance;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.watch.Filter;
import io.hypervisor.controller.watch.WatchHub;
import io.hypervisor.core.Clock;
import io.hypervisor.core.server.Prompt;

import java.util.Set;

/** ComputeService: instances and images. */
final class ComputeApi extends ComputeServiceGrpc.ComputeServiceImplBase implements Prompt {
    private final Replica replica;
    private final WatchHub hub;
    private final NodeDoor door;
    private final Contacts contacts;
    private final Clock clock;
    private final Networking networking;

    /** Serves what the replica knows, and decides through it. */
    ComputeApi(WatchHub hub, NodeDoor door, Contacts contacts, Networking networking) {
        this.replica = networking.replica();
        this.hub = hub;
        this.door = door;
        this.contacts = contacts;
        this.clock = networking.clock();
        this.networking = networking;
    }

    // Nothing that looks at more than one instance: a list may walk through all of them.
    @Override
    public Set<MethodDescriptor<?, ?>> prompt() {
        return Set.of(ComputeServiceGrpc.getGetInstanceMethod());
    }

    @Override
    public void createInstance(CreateInstanceRequest request, StreamObserver<Instance> observer) {
        ComputeRequests.check(request);
        Calls.answer(
                observer,
                Calls.commit(
                        replica,
                        new CreateInstance(
                                request,
                                networking.fresh(CreateInstance.IDS),
                                Digests.of(request),
                                networking.config())));
    }

    @Override
    public void planInstance(CreateInstanceRequest request, StreamObserver<InstancePlan> observer) {
        ComputeRequests.check(request);
        Snapshot now = replica.snapshot();
        Calls.answer(
                observer,
                Scheduler.plan(now, CreateInstance.demand(request, now, networking.config())));
    }

    @Override
    public void deleteInstance(DeleteInstanceRequest request, StreamObserver<Empty> observer) {
        ComputeRequests.check(request);
        Calls.answer(
                observer, Calls.commit(replica, new DeleteInstance(request, clock.timestamp())));
    }

    @Override
    public void startInstance(StartInstanceRequest request, StreamObserver<Instance> observer) {
        ComputeRequests.check(request);
        Calls.answer(observer, Calls.commit(replica, new StartInstance(request)));
    }

    @Override
    public void stopInstance(StopInstanceRequest request, StreamObserver<Instance> observer) {
        ComputeRequests.check(request);
        Calls.answer(observer, Calls.commit(replica, new StopInstance(request)));
    }

    @Override
    public void updateInstance(UpdateInstanceRequest request, StreamObserver<Instance> observer) {
        ComputeRequests.check(request);
        Calls.answer(
                observer, Calls.commit(replica, new UpdateInstance(request, contacts::foreign)));
    }

    @Override
    public void restartInstance(RestartInstanceRequest request, StreamObserver<Instance> observer) {
        ComputeRequests.check(request);
        Calls.answer(observer, Calls.commit(replica, new RestartInstance(request)));
    }

    @Override
    public void getInstance(GetInstanceRequest request, StreamObserver<Instance> observer) {
        ComputeRequests.check(request);
        Calls.answerAt(
                replica,
                request.getMinRevision(),
                observer,
                now -> NodeDoor.instance(now, request.getInstanceId()));
    }

    @Override
    public void listInstances(
            ListInstancesRequest request, StreamObserver<ListInstancesResponse> observer) {
        ComputeRequests.check(request);
        Calls.answer(observer, InstanceLists.list(replica.snapshot(), request));
    }

    @Override
    public void createImage(CreateImageRequest request, StreamObserver<Image> observer) {
        ComputeRequests.check(request);
        RequestMark mark =
                RequestMark.newBuilder()
                        .setId(request.getRequestId())
                        .setDigest(Digests.of(request))
                        .build();
        Calls.answer(
                observer, Calls.commit(replica, new CreateImage(request, mark, clock.timestamp())));
    }

    @Override
    public void deleteImage(DeleteImageRequest request, StreamObserver<Empty> observer) {
        ComputeRequests.check(request);
        Calls.answer(observer, Calls.commit(replica, new DeleteImage(request)));
    }

    @Override
    public void listImages(ListImagesRequest request, StreamObserver<ListImagesResponse> observer) {
        ComputeRequests.check(request);
        Snapshot now = replica.snapshot();
        Calls.answer(observer, Images.list(now, request, Pages.of(now)));
    }

    @Override
    public void watchInstance(
            WatchInstanceRequest request, StreamObserver<InstanceEvent> observer) {
        ComputeRequests.check(request);
        Calls.at(replica, request.getResumeRevision());
        var test = InstanceLists.test(request);
        Filter<Instance> filter =
                request.getInstanceId().isEmpty()
                        ? Filter.where(test)
                        : Filter.single(request.getInstanceId(), test);
        EventSink.connect(
                observer, sink -> hub.watchInstances(filter, request.getResumeRevision(), sink));
    }

    @Override
    public void getInstanceStats(
            GetInstanceStatsRequest request, StreamObserver<InstanceStats> observer) {
        ComputeRequests.check(request);
        Snapshot now = replica.snapshot();
        Instance instance = NodeDoor.instance(now, request.getInstanceId());
        ComputeDialect.requireRunning(instance);
        Calls.answer(
                observer,
                door.call(
                        NodeDoor.of(now, instance),
                        AgentServiceGrpc.getGetInstanceStatsMethod(),
                        AgentInstanceRequest.newBuilder().setInstanceId(instance.getId()).build()));
    }

    @Override
    public void getInstanceLogs(
            GetInstanceLogsRequest request, StreamObserver<InstanceLogChunk> observer) {
        ComputeRequests.check(request);
        Snapshot now = replica.snapshot();
        door.stream(
                NodeDoor.of(now, NodeDoor.instance(now, request.getInstanceId())),
                AgentServiceGrpc.getGetInstanceLogsMethod(),
                request,
                (ServerCallStreamObserver<InstanceLogChunk>) observer);
    }

    @Override
    public StreamObserver<ConsoleInput> attachConsole(StreamObserver<ConsoleOutput> observer) {
        return new ConsoleSession<>(door, new ComputeDialect(replica::snapshot), observer);
    }

    @Override
    public void pullImage(PullImageRequest request, StreamObserver<PullImageProgress> observer) {
        ComputeRequests.check(request);
        Snapshot now = replica.snapshot();
        new PullCall(
                        door,
                        Images.toNode(now, request),
                        Images.targets(now, request),
                        (ServerCallStreamObserver<PullImageProgress>) observer)
                .start();
    }
}
