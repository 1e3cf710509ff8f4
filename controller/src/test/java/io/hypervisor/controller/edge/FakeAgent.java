package io.hypervisor.controller.edge;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentListInstancesResponse;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.PullImageProgress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A node's AgentService: everything runs at once, consoles echo, logs are long. */
final class FakeAgent extends AgentServiceGrpc.AgentServiceImplBase implements AutoCloseable {
    static final int LOG_CHUNKS = 50;
    static final long IMAGE_BYTES = 2048;

    private final Map<String, Instance> instances = new ConcurrentSkipListMap<>();
    private final Server server;
    final AtomicInteger openConsoles = new AtomicInteger();
    final AtomicInteger openPulls = new AtomicInteger();

    FakeAgent() {
        try {
            server =
                    Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                            .addService(this)
                            .build()
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return server.getPort();
    }

    @Override
    public void createInstance(
            AgentCreateInstanceRequest request, StreamObserver<Instance> observer) {
        Instance instance =
                Instance.newBuilder()
                        .setId(request.getInstanceId())
                        .setName(request.getName())
                        .setType(request.getType())
                        .setSpec(request.getSpec())
                        .setState(InstanceState.INSTANCE_STATE_RUNNING)
                        .build();
        instances.put(instance.getId(), instance);
        Calls.answer(observer, instance);
    }

    @Override
    public void deleteInstance(AgentDeleteInstanceRequest request, StreamObserver<Empty> observer) {
        instances.remove(request.getInstanceId());
        Calls.answer(observer, Empty.getDefaultInstance());
    }

    @Override
    public void listInstances(Empty request, StreamObserver<AgentListInstancesResponse> observer) {
        Calls.answer(
                observer,
                AgentListInstancesResponse.newBuilder()
                        .addAllInstances(instances.values())
                        .setTotalCount(instances.size())
                        .build());
    }

    @Override
    public void getInstanceStats(
            AgentInstanceRequest request, StreamObserver<InstanceStats> observer) {
        Calls.answer(
                observer,
                InstanceStats.newBuilder()
                        .setInstanceId(request.getInstanceId())
                        .setCpuTimeNs(42)
                        .build());
    }

    @Override
    public void getInstanceLogs(
            GetInstanceLogsRequest request, StreamObserver<InstanceLogChunk> observer) {
        for (int i = 0; i < LOG_CHUNKS; i++) {
            observer.onNext(
                    InstanceLogChunk.newBuilder()
                            .setData(ByteString.copyFromUtf8("line " + i + "\n"))
                            .build());
        }
        observer.onCompleted();
    }

    @Override
    public void pullImage(
            AgentPullImageRequest request, StreamObserver<PullImageProgress> observer) {
        PullImageProgress half =
                PullImageProgress.newBuilder()
                        .setStatus("downloading")
                        .setCurrent(IMAGE_BYTES / 2)
                        .setTotal(IMAGE_BYTES)
                        .build();
        observer.onNext(half);
        switch (request.getImageRef()) {
            case "team/missing:1" ->
                    Calls.answer(
                            observer,
                            half.toBuilder()
                                    .setStatus("failed")
                                    .setError("has no team/missing:1")
                                    .build());
            case "team/silent:1" -> observer.onCompleted();
            case "team/refused:1" -> super.pullImage(request, observer);
            case "team/endless:1" -> {
                openPulls.incrementAndGet();
                ((ServerCallStreamObserver<PullImageProgress>) observer)
                        .setOnCancelHandler(openPulls::decrementAndGet);
            }
            default ->
                    Calls.answer(
                            observer,
                            half.toBuilder()
                                    .setCurrent(IMAGE_BYTES)
                                    .setStatus("completed")
                                    .setCompleted(true)
                                    .build());
        }
    }

    @Override
    public StreamObserver<AgentConsoleInput> attachConsole(
            StreamObserver<AgentConsoleOutput> observer) {
        openConsoles.incrementAndGet();
        ((ServerCallStreamObserver<AgentConsoleOutput>) observer)
                .setOnCancelHandler(openConsoles::decrementAndGet);
        return new StreamObserver<>() {
            @Override
            public void onNext(AgentConsoleInput input) {
                String text =
                        switch (input.getInputCase()) {
                            case DATA -> input.getData().toStringUtf8();
                            case RESIZE ->
                                    input.getResize().getWidth()
                                            + "x"
                                            + input.getResize().getHeight();
                            case INPUT_NOT_SET -> "hello " + input.getInstanceId();
                        };
                observer.onNext(
                        AgentConsoleOutput.newBuilder()
                                .setData(ByteString.copyFromUtf8(text + "\n"))
                                .build());
                if (text.equals("exit")) {
                    openConsoles.decrementAndGet();
                    observer.onCompleted();
                }
            }

            @Override
            public void onError(Throwable t) {}

            @Override
            public void onCompleted() {}
        };
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
