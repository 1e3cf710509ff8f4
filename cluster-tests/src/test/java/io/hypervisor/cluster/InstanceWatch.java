package io.hypervisor.cluster;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.WatchInstanceRequest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Follows all instances as a careful client does. A stream that breaks may end within a revision:
 * what came of it is forgotten, and the next stream resumes after the last revision that was
 * complete, which a later revision or a bookmark shows.
 */
final class InstanceWatch {
    private final Map<String, History> histories = new HashMap<>();
    private final List<InstanceEvent> group = new ArrayList<>();
    private long resume;
    private long revision;
    private final List<String> faults = new ArrayList<>();

    /** What came of one instance in complete revisions: every type, and the last state. */
    private static final class History {
        final List<String> types = new ArrayList<>(4);
        InstanceState last = InstanceState.INSTANCE_STATE_UNSPECIFIED;

        void add(InstanceEvent event) {
            types.add(event.getType().name());
            last = event.getInstance().getState();
        }
    }

    /** Reads from a replica until its channel is closed or the replica ends. */
    CompletableFuture<Void> follow(ManagedChannel replica) {
        return CompletableFuture.runAsync(() -> read(replica), r -> Thread.ofVirtual().start(r));
    }

    private void read(ManagedChannel replica) {
        WatchInstanceRequest request =
                WatchInstanceRequest.newBuilder().setResumeRevision(begin()).build();
        try {
            ComputeServiceGrpc.newBlockingStub(replica)
                    .watchInstance(request)
                    .forEachRemaining(this::take);
        } catch (StatusRuntimeException e) {
            boolean behind = String.valueOf(e.getMessage()).contains("the newest revision here");
            if (!ReplicatedCluster.unavailable(e.getStatus()) && !behind) {
                fault("the stream ended with " + e);
            }
        }
    }

    private synchronized void fault(String what) {
        faults.add(what);
    }

    private synchronized long begin() {
        group.clear();
        revision = resume;
        return resume;
    }

    private synchronized void take(InstanceEvent event) {
        long next = event.getRevision();
        boolean bookmark = event.getType() == EventType.EVENT_TYPE_UNSPECIFIED;
        if (bookmark || next != revision) {
            group.forEach(
                    one ->
                            histories
                                    .computeIfAbsent(one.getInstance().getId(), id -> new History())
                                    .add(one));
            group.clear();
            resume = bookmark ? next : revision;
        }
        if (next < revision || (!bookmark && next <= resume)) {
            fault("revision " + next + " came after " + revision);
        }
        revision = next;
        if (!bookmark) {
            group.add(event);
        }
    }

    /** What a watch must never do. */
    synchronized List<String> faults() {
        return List.copyOf(faults);
    }

    /** The instances of complete revisions. */
    synchronized Set<String> ids() {
        return Set.copyOf(histories.keySet());
    }

    /** Types of the events on an instance in complete revisions, in their order. */
    synchronized List<String> typesOf(String id) {
        return Optional.ofNullable(histories.get(id))
                .map(history -> List.copyOf(history.types))
                .orElse(List.of());
    }

    /** Whether the newest event on an instance shows it RUNNING. */
    synchronized boolean sawRunning(String id) {
        return Optional.ofNullable(histories.get(id))
                .filter(history -> history.last == InstanceState.INSTANCE_STATE_RUNNING)
                .isPresent();
    }
}
