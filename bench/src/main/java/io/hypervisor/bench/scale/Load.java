package io.hypervisor.bench.scale;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/**
 * Creates instances through ComputeService, a fixed number at one time: each answer begins the next
 * create. A create with unknown outcome is sent again with its request_id.
 */
final class Load implements AutoCloseable {
    private static final int CONNECTIONS = 2;
    private static final int MAX_ATTEMPTS = 100;
    private static final InstanceSpec SPEC =
            InstanceSpec.newBuilder()
                    .setImage("registry.example.com/app:1")
                    .setCpuCores(1)
                    .setMemoryBytes(256 << 20)
                    .build();

    private final int instances;
    private final List<ManagedChannel> channels;
    private final AtomicInteger next = new AtomicInteger();
    private final LongAdder placed = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();

    Load(Target target, int instances) {
        this.instances = instances;
        this.channels = IntStream.range(0, CONNECTIONS).mapToObj(_ -> target.channel()).toList();
    }

    void begin(int inFlight) {
        for (int i = 0; i < inFlight; i++) {
            createNext();
        }
    }

    private void createNext() {
        int number = next.getAndIncrement();
        if (number < instances) {
            create(number, 1);
        }
    }

    private void create(int number, int attempt) {
        String name = "app-" + number;
        CreateInstanceRequest request =
                CreateInstanceRequest.newBuilder()
                        .setName(name)
                        .setRequestId(name)
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(SPEC)
                        .build();
        ComputeServiceGrpc.newStub(channels.get(number % CONNECTIONS))
                .withDeadlineAfter(1, TimeUnit.MINUTES)
                .createInstance(request, new Answer(number, attempt));
    }

    /** Creates that were acknowledged: durable, with a node. */
    long placed() {
        return placed.sum();
    }

    /** Creates that were sent again. */
    long retries() {
        return retries.sum();
    }

    /** Creates that failed for good. */
    List<String> faults() {
        return List.copyOf(faults);
    }

    @Override
    public void close() {
        next.set(instances);
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private final class Answer implements StreamObserver<Instance> {
        private final int number;
        private final int attempt;

        Answer(int number, int attempt) {
            this.number = number;
            this.attempt = attempt;
        }

        @Override
        public void onNext(Instance instance) {
            if (instance.getNodeId().isEmpty()) {
                faults.add("app-" + number + " has no node");
            }
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            boolean again =
                    switch (status.getCode()) {
                        case UNAVAILABLE, DEADLINE_EXCEEDED -> attempt < MAX_ATTEMPTS;
                        default -> false;
                    };
            if (again) {
                retries.increment();
                create(number, attempt + 1);
            } else if (next.get() < instances || placed.sum() < instances) {
                faults.add("app-" + number + ": " + status);
                createNext();
            }
        }

        @Override
        public void onCompleted() {
            placed.increment();
            createNext();
        }
    }
}
