package io.hypervisor.cluster;

import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc.ComputeServiceBlockingStub;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Clients that create and delete instances at any replica. What has an unknown outcome they send
 * again, to the next replica, until it is acknowledged; and they remember what was.
 */
final class Workload {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final List<ManagedChannel> replicas;
    private final AtomicInteger turn = new AtomicInteger();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger retried = new AtomicInteger();
    private final Map<String, String> created = new ConcurrentHashMap<>();
    private final Queue<Instance> alive = new ConcurrentLinkedQueue<>();
    private final Queue<String> problems = new ConcurrentLinkedQueue<>();

    Workload(List<ManagedChannel> replicas) {
        this.replicas = replicas;
    }

    /** Creates until there were this many in all, and deletes the oldest beyond a population. */
    CompletableFuture<Void> run(int workers, int instances, int population) {
        return each(
                workers,
                () -> {
                    for (int n = take(instances); n < instances; n = take(instances)) {
                        alive.add(create("app-" + n));
                        if (n >= population) {
                            delete(alive.remove());
                        }
                    }
                });
    }

    private int take(int limit) {
        return next.getAndUpdate(n -> Math.min(n + 1, limit));
    }

    /** Deletes all that are left. */
    CompletableFuture<Void> drain(int workers) {
        return each(
                workers,
                () -> {
                    for (Optional<Instance> one = poll(); one.isPresent(); one = poll()) {
                        delete(one.get());
                    }
                });
    }

    private Optional<Instance> poll() {
        return Optional.ofNullable(alive.poll());
    }

    private static CompletableFuture<Void> each(int workers, Runnable work) {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            all.add(CompletableFuture.runAsync(work, r -> Thread.ofVirtual().start(r)));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    static CreateInstanceRequest request(String name) {
        return CreateInstanceRequest.newBuilder()
                .setName(name)
                .setRequestId(name)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage("run").setMemoryBytes(32 << 20))
                .build();
    }

    /** Creates an instance, once, however often it has to ask. */
    Instance create(String name) {
        Instance instance = ask(stub -> stub.createInstance(request(name)), Status.Code.OK).get();
        String other = created.put(name, instance.getId());
        if (other != null) {
            problems.add(name + " is " + other + " and " + instance.getId());
        }
        return instance;
    }

    private void delete(Instance instance) {
        GetInstanceRequest get =
                GetInstanceRequest.newBuilder()
                        .setInstanceId(instance.getId())
                        .setMinRevision(instance.getRevision())
                        .build();
        // What was acknowledged is there, on every replica.
        if (ask(stub -> stub.getInstance(get), Status.Code.NOT_FOUND).isEmpty()) {
            problems.add("lost: " + instance.getName());
        }
        delete(instance.getId());
    }

    /** Deletes an instance, however often it has to ask. */
    void delete(String id) {
        DeleteInstanceRequest delete = DeleteInstanceRequest.newBuilder().setInstanceId(id).build();
        // After an unknown outcome it may be gone by then.
        ask(stub -> stub.deleteInstance(delete), Status.Code.NOT_FOUND);
    }

    /** Asks one replica after the other until one answers; empty if the answer is this code. */
    private <T> Optional<T> ask(Function<ComputeServiceBlockingStub, T> call, Status.Code none) {
        List<Optional<T>> answer = new ArrayList<>();
        await().atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(50))
                .until(
                        () -> {
                            try {
                                answer.add(Optional.of(call.apply(stub())));
                                return true;
                            } catch (StatusRuntimeException e) {
                                return refused(e, none, answer);
                            }
                        });
        return answer.getFirst();
    }

    private <T> boolean refused(
            StatusRuntimeException failure, Status.Code none, List<Optional<T>> answer) {
        Status.Code code = failure.getStatus().getCode();
        if (code == none) {
            answer.add(Optional.empty());
            return true;
        }
        if (!ReplicatedCluster.unavailable(failure.getStatus())
                && code != Status.Code.DEADLINE_EXCEEDED) {
            problems.add(failure.toString());
            throw failure;
        }
        retried.incrementAndGet();
        return false;
    }

    private ComputeServiceBlockingStub stub() {
        int replica = Math.floorMod(turn.getAndIncrement(), replicas.size());
        return ComputeServiceGrpc.newBlockingStub(replicas.get(replica))
                .withDeadlineAfter(10, TimeUnit.SECONDS);
    }

    /** How many creates were acknowledged. */
    int acknowledged() {
        return created.size();
    }

    /** How many calls had to be sent again. */
    int retried() {
        return retried.get();
    }

    /** All ids that were ever acknowledged, by name. */
    Map<String, String> created() {
        return Map.copyOf(created);
    }

    /** Ids of those that have not been deleted, by name. */
    Map<String, String> alive() {
        Map<String, String> ids = new TreeMap<>();
        alive.forEach(instance -> ids.put(instance.getName(), instance.getId()));
        return ids;
    }

    /** What must not happen. */
    List<String> problems() {
        return List.copyOf(problems);
    }
}
