package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.list;
import static io.hypervisor.cluster.Structs.struct;
import static io.hypervisor.cluster.Structs.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Struct;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.cluster.CrashPlan.Kind;
import io.hypervisor.cluster.CrashPlan.Lane;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The instances of a crash test: what was asked for, and whether everything agrees with that. */
final class CrashScene {
    private static final String COMPUTE = "hypervisor.v1.ComputeService/";
    private static final Duration PROMISE = Duration.ofSeconds(60);

    private final ReflectionClient client;
    private final Reality reality;
    private final Map<String, Wanted> wanted = new ConcurrentHashMap<>();
    private final AtomicInteger names = new AtomicInteger();

    /** What should be: by the number of acknowledged starts, it was started so often. */
    private record Wanted(Kind kind, boolean running, int starts) {
        Wanted with(boolean runs) {
            return new Wanted(kind, runs, runs ? starts + 1 : starts);
        }
    }

    CrashScene(ReflectionClient client, Reality reality) {
        this.client = client;
        this.reality = reality;
    }

    /** Sees to it that these lanes find what they need. */
    void prepare(Set<Lane> lanes) {
        List<CompletableFuture<?>> steps = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            long running = ofKind(kind, true).size();
            boolean start = lanes.stream().anyMatch(is(kind, "START"));
            long needed =
                    lanes.stream().filter(is(kind, "STOP").or(is(kind, "DELETE"))).count()
                            + (start && ofKind(kind, false).isEmpty() ? 1 : 0);
            for (long i = running; i < needed; i++) {
                steps.add(begin(() -> create(kind)));
            }
        }
        steps.forEach(CompletableFuture::join);
        awaitAgreement();
        for (Kind kind : Kind.values()) {
            if (lanes.stream().anyMatch(is(kind, "START")) && ofKind(kind, false).isEmpty()) {
                stop(ofKind(kind, true).getFirst());
                awaitAgreement();
            }
        }
    }

    private static Predicate<Lane> is(Kind kind, String operation) {
        return lane -> lane.kind() == kind && lane.operation().equals(operation);
    }

    private List<String> ofKind(Kind kind, boolean running) {
        return wanted.entrySet().stream()
                .filter(e -> e.getValue().kind() == kind && e.getValue().running() == running)
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /** Begins the lanes' operations; each completes when it is acknowledged. */
    CompletableFuture<Void> begin(Set<Lane> lanes) {
        List<CompletableFuture<?>> begun = new ArrayList<>();
        for (Lane lane : lanes) {
            List<String> running = ofKind(lane.kind(), true);
            switch (lane.operation()) {
                case "CREATE" -> begun.add(begin(() -> create(lane.kind())));
                case "STOP" -> {
                    String id = running.getFirst();
                    begun.add(begin(() -> stop(id)));
                }
                case "START" -> {
                    String id = ofKind(lane.kind(), false).getFirst();
                    begun.add(begin(() -> start(id)));
                }
                case "DELETE" -> {
                    String id = running.getLast();
                    begun.add(begin(() -> delete(id)));
                }
                default -> throw new IllegalStateException(lane.name());
            }
        }
        return CompletableFuture.allOf(begun.toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<Void> begin(Runnable step) {
        return CompletableFuture.runAsync(
                step, command -> Thread.ofVirtual().name("operation").start(command));
    }

    private void create(Kind kind) {
        int number = names.incrementAndGet();
        String spec =
                switch (kind) {
                    case VM -> "\"image\": \"blank\"";
                    case CONTAINER ->
                            """
                            "image": "demo/busybox:latest",
                            "command": ["sh", "-c", "echo begun; exec sleep 100000"]
                            """;
                    case MICROVM -> "\"image\": \"tiny-rest\"";
                };
        String request =
                """
                {"name": "i-%d", "request_id": "r%d", "type": "INSTANCE_TYPE_%s",
                 "spec": {"memory_bytes": "16777216", %s}}
                """
                        .formatted(number, number, kind, spec);
        String id = text(call("CreateInstance", request), "id");
        wanted.put(id, new Wanted(kind, true, 1));
    }

    private void stop(String id) {
        call("StopInstance", "{\"instance_id\": \"" + id + "\", \"force\": true}");
        wanted.computeIfPresent(id, (key, w) -> w.with(false));
    }

    private void start(String id) {
        call("StartInstance", "{\"instance_id\": \"" + id + "\"}");
        wanted.computeIfPresent(id, (key, w) -> w.with(true));
    }

    private void delete(String id) {
        call("DeleteInstance", "{\"instance_id\": \"" + id + "\", \"force\": true}");
        wanted.remove(id);
    }

    /** Deletes everything and waits until nothing is left. */
    void deleteAll() {
        List.copyOf(wanted.keySet()).stream()
                .map(id -> begin(() -> delete(id)))
                .toList()
                .forEach(CompletableFuture::join);
        awaitAgreement();
    }

    /** As a client does: again until the answer is known. */
    private Struct call(String method, String json) {
        Struct[] answer = {Struct.getDefaultInstance()};
        boolean[] again = {false};
        await().atMost(PROMISE)
                .until(
                        () -> {
                            try {
                                answer[0] = client.call(COMPUTE + method, json);
                                return true;
                            } catch (StatusRuntimeException e) {
                                return done(method, e, again);
                            }
                        });
        return answer[0];
    }

    private static boolean done(String method, StatusRuntimeException e, boolean[] again) {
        Status.Code code = e.getStatus().getCode();
        if (code == Status.Code.UNAVAILABLE
                || code == Status.Code.CANCELLED
                || code == Status.Code.UNKNOWN
                || code == Status.Code.DEADLINE_EXCEEDED) {
            again[0] = true;
            return false;
        }
        // While a daemon is dead its node takes nothing of its type.
        if (code == Status.Code.RESOURCE_EXHAUSTED && method.equals("CreateInstance")) {
            return false;
        }
        // The first attempt, whose answer was lost, had done it.
        if (again[0]
                && (code == Status.Code.FAILED_PRECONDITION
                        || (code == Status.Code.NOT_FOUND && method.equals("DeleteInstance")))) {
            return true;
        }
        throw e;
    }

    /**
     * Takes the number of times that QEMU was started as it is: one that libvirtd lost before it
     * let the guest run, and ended when it came back, has started nothing.
     */
    void countMachinesAnew() {
        wanted.replaceAll(
                (id, w) ->
                        w.kind() == Kind.VM
                                ? new Wanted(Kind.VM, w.running(), (int) reality.machineStarts(id))
                                : w);
    }

    /** Waits until API, daemons, processes and files agree with what was acknowledged. */
    void awaitAgreement() {
        // While something restarts, who asks it gets no answer.
        await().atMost(PROMISE).ignoreExceptions().untilAsserted(this::assertAgreement);
    }

    private void assertAgreement() {
        Map<String, String> states = new TreeMap<>();
        for (Struct one :
                list(client.call(COMPUTE + "ListInstances", "{\"page_size\": 100}"), "instances")) {
            states.put(text(one, "id"), text(one, "state").replace("INSTANCE_STATE_", ""));
        }
        Map<String, String> expected = new TreeMap<>();
        wanted.forEach((id, w) -> expected.put(id, w.running() ? "RUNNING" : "STOPPED"));
        assertThat(states).as("the API").isEqualTo(expected);
        assertThat(reality.runningDomains()).as("running domains").isEqualTo(ids(Kind.VM, true));
        assertThat(reality.domains()).as("domains").isEqualTo(ids(Kind.VM, false));
        assertThat(reality.tasks()).as("tasks").isEqualTo(ids(Kind.CONTAINER, true));
        assertThat(reality.containers()).as("containers").isEqualTo(ids(Kind.CONTAINER, false));
        assertThat(reality.layers()).as("layers").isEqualTo(ids(Kind.CONTAINER, false));
        // What its guest says comes a moment after its start.
        ids(Kind.MICROVM, true).forEach(id -> assertStarts(id, wanted.get(id)));
        assertThat(reality.folders()).as("folders").isEqualTo(new TreeSet<>(wanted.keySet()));
        List<String> running = new ArrayList<>(ids(Kind.VM, true));
        running.addAll(ids(Kind.CONTAINER, true));
        running.addAll(ids(Kind.MICROVM, true));
        assertThat(reality.processes())
                .as("processes")
                .containsExactlyInAnyOrderElementsOf(running);
        Struct node =
                list(client.call("hypervisor.v1.ClusterService/ListNodes", "{}"), "nodes")
                        .getFirst();
        assertThat(text(node, "status")).isEqualTo("NODE_STATUS_READY");
        assertThat(Structs.number(struct(node, "allocated"), "cpu_cores"))
                .as("processors taken")
                .isEqualTo(wanted.size());
    }

    /** Each start that was asked for happened once. */
    void assertNothingTwice() {
        wanted.forEach(this::assertStarts);
    }

    private void assertStarts(String id, Wanted w) {
        long starts =
                switch (w.kind()) {
                    case VM -> reality.machineStarts(id);
                    case CONTAINER -> reality.written("container", id, "begun");
                    case MICROVM -> reality.written("microvm", id, "tiny guest ready");
                };
        assertThat(starts).as("starts of %s", id).isEqualTo(w.starts());
    }

    private Set<String> ids(Kind kind, boolean runningOnly) {
        return wanted.entrySet().stream()
                .filter(e -> e.getValue().kind() == kind)
                .filter(e -> e.getValue().running() || !runningOnly)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
