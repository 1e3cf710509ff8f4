package io.hypervisor.sim;

import com.google.protobuf.Message;

import io.grpc.Status;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.api.v1.WatchNodesRequest;

import java.time.Duration;
import java.util.Map;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * A client that watches for ever: when its stream ends, or when it feels like it, it goes to some
 * replica and resumes where it was, or begins anew where that is too old.
 */
final class Watching {
    private static final Duration PAUSE = Duration.ofMillis(300);

    private final Workload workload;
    private final Api api;
    private final Reading reading;
    private final Changes.Kind kind;
    private final Map<String, String> labels;
    private final RandomGenerator random;
    private Api.Stream stream = () -> {};
    private long streams;
    private boolean restless = true;

    Watching(
            Workload workload,
            Api api,
            Reading reading,
            Changes.Kind kind,
            Map<String, String> labels,
            RandomGenerator random) {
        this.workload = workload;
        this.api = api;
        this.reading = reading;
        this.kind = kind;
        this.labels = labels;
        this.random = random;
    }

    /** The filter of a watch of instances with these labels. */
    static Predicate<Message> having(Map<String, String> labels) {
        return message ->
                !(message instanceof Instance instance)
                        || instance.getMetadata()
                                .getLabelsMap()
                                .entrySet()
                                .containsAll(labels.entrySet());
    }

    Reading reading() {
        return reading;
    }

    /** From now on it stays with a stream that works. */
    void settle() {
        restless = false;
    }

    void open() {
        long resume = restless && random.nextInt(8) == 0 ? 0 : reading.complete();
        reading.opened(resume == 0);
        streams++;
        long mine = streams;
        int controller = workload.anyController(random);
        stream =
                switch (kind) {
                    case INSTANCES ->
                            api.open(
                                    controller,
                                    ComputeServiceGrpc.getWatchInstanceMethod(),
                                    WatchInstanceRequest.newBuilder()
                                            .setResumeRevision(resume)
                                            .putAllLabelSelector(labels)
                                            .build(),
                                    event -> workload.guarded(() -> told(mine, event)),
                                    status -> workload.guarded(() -> ended(mine, status)));
                    case NODES ->
                            api.open(
                                    controller,
                                    ClusterServiceGrpc.getWatchNodesMethod(),
                                    WatchNodesRequest.newBuilder()
                                            .setResumeRevision(resume)
                                            .build(),
                                    event -> workload.guarded(() -> told(mine, event)),
                                    status -> workload.guarded(() -> ended(mine, status)));
                };
    }

    private void told(long from, InstanceEvent event) {
        if (from != streams) {
            return;
        }
        workload.catchUp();
        if (event.hasInstance()) {
            Instance instance = event.getInstance();
            reading.event(event.getType(), instance.getId(), instance, event.getRevision());
        } else {
            reading.bookmark(event.getRevision());
        }
        leaveSometimes();
    }

    private void told(long from, NodeEvent event) {
        if (from != streams) {
            return;
        }
        workload.catchUp();
        if (event.hasNode()) {
            reading.event(
                    event.getType(), event.getNode().getId(), event.getNode(), event.getRevision());
        } else {
            reading.bookmark(event.getRevision());
        }
        leaveSometimes();
    }

    private void leaveSometimes() {
        if (restless && random.nextInt(60) == 0) {
            stream.cancel();
            again();
        }
    }

    private void ended(long from, Status status) {
        if (from != streams) {
            return;
        }
        switch (status.getCode()) {
            // A replica that is behind refuses a revision that it has not seen, as one that has
            // dropped it does: begin anew at times.
            case OUT_OF_RANGE -> {
                if (random.nextBoolean()) {
                    reading.opened(true);
                }
            }
            case UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED -> {}
            default -> throw new Violation(Reading.NAME, "stream ended with " + status);
        }
        again();
    }

    private void again() {
        streams++;
        workload.after(PAUSE, this::open);
    }
}
