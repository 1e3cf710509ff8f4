package io.hypervisor.controller.feed;

import com.google.protobuf.Empty;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentListInstancesResponse;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.Metadata;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * An agent that somebody else wrote: it knows the nine methods and nothing of epochs, generations
 * or streams. Keeps instances in memory, and can be told to misbehave.
 */
final class ForeignAgent extends AgentServiceGrpc.AgentServiceImplBase {
    /** What goes wrong with one call. */
    enum Trouble {
        /** It takes effect, and the answer is lost. */
        LOSE_REPLY,
        /** It has no effect, and the answer is lost. */
        LOSE_CALL,
        /** It is refused. */
        REFUSE,
        /** It takes effect only when {@link ForeignAgent#finishSlowCalls} is called. */
        BE_SLOW
    }

    final boolean keepsAnnotations;
    private final Map<String, Instance> instances = new TreeMap<>();
    private final List<String> starts = new ArrayList<>();
    private final List<String> calls = new ArrayList<>();
    private final Map<String, Queue<Trouble>> troubles = new TreeMap<>();
    private final List<Runnable> slow = new ArrayList<>();
    private boolean down;
    volatile boolean endsAtOnce;

    ForeignAgent(boolean keepsAnnotations) {
        this.keepsAnnotations = keepsAnnotations;
    }

    /** The next call of this method goes wrong. */
    synchronized void trouble(String method, Trouble trouble) {
        troubles.computeIfAbsent(method, m -> new ArrayDeque<>()).add(trouble);
    }

    /** Whether it answers at all. */
    synchronized void down(boolean now) {
        down = now;
    }

    /** Its own doing, or that of the guest. */
    synchronized void set(Instance instance) {
        instances.put(instance.getId(), instance);
    }

    synchronized void state(String id, InstanceState state) {
        set(instances.get(id).toBuilder().setState(state).build());
    }

    synchronized void finishSlowCalls() {
        slow.forEach(Runnable::run);
        slow.clear();
    }

    synchronized int slowCalls() {
        return slow.size();
    }

    synchronized Map<String, Instance> instances() {
        return Map.copyOf(instances);
    }

    /** Ids in the order in which something began to run. */
    synchronized List<String> starts() {
        return List.copyOf(starts);
    }

    /** Every call but lists: "Create a". */
    synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    @Override
    public void listInstances(Empty request, StreamObserver<AgentListInstancesResponse> reply) {
        synchronized (this) {
            if (down) {
                reply.onError(Status.UNAVAILABLE.asRuntimeException());
                return;
            }
            reply.onNext(
                    AgentListInstancesResponse.newBuilder()
                            .addAllInstances(instances.values())
                            .build());
        }
        reply.onCompleted();
    }

    @Override
    public void createInstance(AgentCreateInstanceRequest request, StreamObserver<Instance> reply) {
        serve(
                "Create",
                request.getInstanceId(),
                reply,
                () -> {
                    if (instances.containsKey(request.getInstanceId())) {
                        throw Status.ALREADY_EXISTS.asRuntimeException();
                    }
                    Metadata.Builder metadata =
                            Metadata.newBuilder().putAllLabels(request.getLabelsMap());
                    if (keepsAnnotations) {
                        metadata.putAllAnnotations(request.getAnnotationsMap());
                    }
                    set(
                            Instance.newBuilder()
                                    .setId(request.getInstanceId())
                                    .setName(request.getName())
                                    .setType(request.getType())
                                    .setSpec(request.getSpec())
                                    .setMetadata(metadata)
                                    .build());
                    return run(request.getInstanceId());
                });
    }

    @Override
    public void startInstance(AgentInstanceRequest request, StreamObserver<Instance> reply) {
        String id = request.getInstanceId();
        serve("Start", id, reply, () -> run(known(id).getId()));
    }

    @Override
    public void stopInstance(AgentStopInstanceRequest request, StreamObserver<Instance> reply) {
        String id = request.getInstanceId();
        serve(
                "Stop",
                id,
                reply,
                () -> {
                    known(id);
                    state(id, InstanceState.INSTANCE_STATE_STOPPED);
                    return instances.get(id);
                });
    }

    @Override
    public void deleteInstance(AgentDeleteInstanceRequest request, StreamObserver<Empty> reply) {
        serve(
                "Delete",
                request.getInstanceId(),
                reply,
                () -> {
                    known(request.getInstanceId());
                    instances.remove(request.getInstanceId());
                    return Empty.getDefaultInstance();
                });
    }

    private Instance run(String id) {
        starts.add(id);
        state(
                id,
                endsAtOnce
                        ? InstanceState.INSTANCE_STATE_FAILED
                        : InstanceState.INSTANCE_STATE_RUNNING);
        return instances.get(id);
    }

    private Instance known(String id) {
        if (!instances.containsKey(id)) {
            throw Status.NOT_FOUND.asRuntimeException();
        }
        return instances.get(id);
    }

    private interface Effect<T> {
        T take();
    }

    private <T> void serve(String method, String id, StreamObserver<T> reply, Effect<T> effect) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        synchronized (this) {
            calls.add(method + " " + id);
            if (down) {
                reply.onError(Status.UNAVAILABLE.asRuntimeException());
                return;
            }
            Queue<Trouble> queue = troubles.getOrDefault(method, new ArrayDeque<>());
            if (queue.isEmpty()) {
                attempt(effect, answer);
            } else {
                misbehave(queue.remove(), effect, answer);
            }
        }
        if (!answer.isDone()) {
            return;
        }
        if (answer.isCompletedExceptionally()) {
            reply.onError(answer.exceptionNow());
        } else {
            reply.onNext(answer.join());
            reply.onCompleted();
        }
    }

    private <T> void misbehave(Trouble trouble, Effect<T> effect, CompletableFuture<T> answer) {
        switch (trouble) {
            case LOSE_REPLY -> {
                attempt(effect, new CompletableFuture<>());
                answer.completeExceptionally(Status.UNAVAILABLE.asRuntimeException());
            }
            case LOSE_CALL -> answer.completeExceptionally(Status.UNAVAILABLE.asRuntimeException());
            case REFUSE ->
                    answer.completeExceptionally(
                            Status.FAILED_PRECONDITION
                                    .withDescription("no such image")
                                    .asRuntimeException());
            case BE_SLOW -> slow.add(() -> attempt(effect, new CompletableFuture<>()));
        }
    }

    private static <T> void attempt(Effect<T> effect, CompletableFuture<T> answer) {
        try {
            answer.complete(effect.take());
        } catch (StatusRuntimeException e) {
            answer.completeExceptionally(e);
        }
    }
}
