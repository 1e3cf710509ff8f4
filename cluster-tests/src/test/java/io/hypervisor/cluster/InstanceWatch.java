package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.struct;
import static io.hypervisor.cluster.Structs.text;

import com.google.protobuf.Struct;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Follows all instances as a careful client does. A stream that breaks may end within a revision:
 * what came of it is forgotten, and the next stream resumes after the last revision that was
 * complete, which a later revision or a bookmark shows.
 */
final class InstanceWatch {
    private final List<Struct> complete = new ArrayList<>();
    private final List<Struct> group = new ArrayList<>();
    private long resume;
    private long revision;
    private final List<String> faults = new ArrayList<>();

    /** Reads from a replica until its client is closed or the replica ends. */
    CompletableFuture<Void> follow(ReflectionClient replica) {
        return CompletableFuture.runAsync(() -> read(replica), r -> Thread.ofVirtual().start(r));
    }

    private void read(ReflectionClient replica) {
        String request = "{\"resume_revision\": \"" + begin() + "\"}";
        try {
            replica.watch(
                    "hypervisor.v1.ComputeService/WatchInstance",
                    request,
                    event -> {
                        take(event);
                        return false;
                    });
        } catch (RuntimeException e) {
            if (!ReplicatedCluster.unavailable(e)) {
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

    private synchronized void take(Struct event) {
        long next = Long.parseLong(text(event, "revision"));
        boolean bookmark = text(event, "type").equals("EVENT_TYPE_UNSPECIFIED");
        if (bookmark || next != revision) {
            complete.addAll(group);
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

    /** Types of the events on an instance, in their order. */
    synchronized List<String> typesOf(String id) {
        return Stream.concat(complete.stream(), group.stream())
                .filter(event -> text(struct(event, "instance"), "id").equals(id))
                .map(event -> text(event, "type"))
                .toList();
    }

    /** Whether the newest event on an instance shows it RUNNING. */
    synchronized boolean sawRunning(String id) {
        return Stream.concat(complete.stream(), group.stream())
                .map(event -> struct(event, "instance"))
                .filter(instance -> text(instance, "id").equals(id))
                .reduce((first, second) -> second)
                .filter(last -> text(last, "state").equals("INSTANCE_STATE_RUNNING"))
                .isPresent();
    }
}
