package io.hypervisor.controller.feed;

import com.google.protobuf.Empty;

import io.grpc.Channel;
import io.grpc.Status;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentServiceGrpc.AgentServiceBlockingStub;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;

/**
 * Drives one node that opens no stream, through its AgentService: lists what it has, compares with
 * its document, records, and makes the calls that are due, at most one per instance at a time.
 *
 * <p>One pass at a time; calls run beside it and only touch {@link #works}, under its lock.
 */
final class AgentLink {
    private static final Logger log = LoggerFactory.getLogger(AgentLink.class);

    // Calls to one node at a time; creating instances is work for it.
    private static final int MAX_CALLS = 8;
    private static final Backoff BACKOFF =
            new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(5));

    /**
     * Timing of the calls.
     *
     * @param poll how often the node is listed when nothing changes
     * @param list how long listing may take
     * @param call how long any other call may take, beside the guest's time to stop
     * @param settle how long after its deadline a call may still take effect on the node
     */
    record Timing(Duration poll, Duration list, Duration call, Duration settle) {}

    private final String nodeId;
    private final Timing timing;
    private final Clock clock;
    private final Executor calls;
    private final Runnable wake;
    private final long began;
    // Guarded by itself.
    private final Map<String, Work> works = new HashMap<>();

    /** What goes on with one instance. Forgotten when the instance has no assignment here. */
    private static final class Work {
        boolean busy;
        long quietFrom;
        // Only the step that failed is postponed: a deletion does not wait for a failing creation.
        Class<? extends AgentStep> paced = AgentStep.class;
        long notBefore;
        int failures;
        boolean answered;
        String error = "";
    }

    /** What one pass decided: what to record, and the calls to make after that. */
    record Plan(NodeReport report, Map<String, AgentStep> steps, boolean settled) {}

    AgentLink(String nodeId, Timing timing, Clock clock, Executor calls, Runnable wake) {
        this.nodeId = nodeId;
        this.timing = timing;
        this.clock = clock;
        this.calls = calls;
        this.wake = wake;
        this.began = clock.nanos();
    }

    /** Ids with a call under way; what a list says of them may be old before it is read. */
    Set<String> busy() {
        synchronized (works) {
            Set<String> busy = new HashSet<>();
            works.forEach(
                    (id, work) -> {
                        if (work.busy) {
                            busy.add(id);
                        }
                    });
            return busy;
        }
    }

    /** Everything the node has. */
    Map<String, Instance> list(Channel channel) {
        Map<String, Instance> found = new TreeMap<>();
        List<Instance> listed =
                stub(channel, timing.list())
                        .listInstances(Empty.getDefaultInstance())
                        .getInstancesList();
        for (Instance instance : listed) {
            found.put(instance.getId(), instance);
        }
        return found;
    }

    /** Compares what the node has with what it should have. */
    Plan plan(Snapshot now, NodeDocument document, Map<String, Instance> found, Set<String> busy) {
        NodeReport.Builder report = NodeReport.newBuilder();
        Map<String, AgentStep> steps = new TreeMap<>();
        boolean settled = true;
        Set<String> assigned = new HashSet<>();
        for (Assignment wanted : document.getAssignmentsList()) {
            String id = wanted.getInstanceId();
            assigned.add(id);
            if (!busy.contains(id)) {
                AgentStep step = step(now, wanted, Optional.ofNullable(found.get(id)));
                steps.put(id, step);
                settled &= !(step instanceof AgentStep.Delete);
                observed(wanted, step)
                        .filter(seen -> news(now, seen))
                        .ifPresent(report::addObserved);
            }
        }
        Set<String> strays = strays(now, found.values(), assigned);
        for (Instance instance : found.values()) {
            String id = instance.getId();
            if (strays.contains(id)) {
                settled = false;
                if (!busy.contains(id)) {
                    steps.put(id, new AgentStep.Delete());
                }
            } else if (!assigned.contains(id) && newsOfLocal(now, instance)) {
                report.addLocal(instance);
            }
        }
        now.localOn(nodeId).stream()
                .filter(id -> !found.containsKey(id))
                .forEach(report::addLocalGone);
        forgetAllBut(steps.keySet(), busy);
        return new Plan(report.build(), steps, settled);
    }

    /** Copies that stayed behind: placed elsewhere, or of instances that were deleted. */
    private static Set<String> strays(
            Snapshot now, Collection<Instance> found, Set<String> assigned) {
        return found.stream()
                .filter(copy -> !assigned.contains(copy.getId()))
                .filter(
                        copy ->
                                now.instance(copy.getId()).isPresent()
                                        || Marks.ofThisPast(now, copy))
                .map(Instance::getId)
                .collect(Collectors.toSet());
    }

    private AgentStep step(Snapshot now, Assignment wanted, Optional<Instance> found) {
        Optional<ObservedRecord> recorded = now.observed(wanted.getInstanceId()).map(Entry::value);
        synchronized (works) {
            Work work = works.computeIfAbsent(wanted.getInstanceId(), id -> begin(recorded));
            if (found.isPresent() && work.error.isEmpty()) {
                work.failures = 0;
            }
            boolean quiet = clock.nanos() - work.quietFrom >= 0;
            var calls = new AgentStep.Calls(quiet, work.answered, work.error);
            AgentStep step = AgentStep.next(wanted, found, recorded, calls);
            boolean due =
                    !step.getClass().equals(work.paced) || clock.nanos() - work.notBefore >= 0;
            return due ? step : postponed(step, work.error);
        }
    }

    /** A former leader may have made the call that it recorded, and it may yet take effect. */
    private Work begin(Optional<ObservedRecord> recorded) {
        Work work = new Work();
        boolean underway =
                recorded.map(ObservedRecord::getState)
                        .filter(
                                state ->
                                        state == InstanceState.INSTANCE_STATE_CREATING
                                                || state == InstanceState.INSTANCE_STATE_STARTING)
                        .isPresent();
        work.quietFrom = underway ? began + timing.settle().toNanos() : clock.nanos();
        work.notBefore = clock.nanos();
        return work;
    }

    private static AgentStep postponed(AgentStep step, String error) {
        return switch (step) {
            case AgentStep.Create(ObservedRecord intent) -> failed(intent, error);
            case AgentStep.Start(ObservedRecord intent) -> failed(intent, error);
            case AgentStep.Stop _, AgentStep.Delete _ -> new AgentStep.Wait();
            case AgentStep.Rest _, AgentStep.Wait _, AgentStep.Gone _ -> step;
        };
    }

    private static AgentStep failed(ObservedRecord intent, String error) {
        if (error.isEmpty()) {
            return new AgentStep.Wait();
        }
        return new AgentStep.Rest(
                intent.toBuilder()
                        .setState(InstanceState.INSTANCE_STATE_FAILED)
                        .setStateReason(error)
                        .build());
    }

    private static Optional<ObservedRecord> observed(Assignment wanted, AgentStep step) {
        return switch (step) {
            case AgentStep.Rest(ObservedRecord seen) -> Optional.of(seen);
            case AgentStep.Create(ObservedRecord intent) -> Optional.of(intent);
            case AgentStep.Start(ObservedRecord intent) -> Optional.of(intent);
            case AgentStep.Gone() ->
                    Optional.of(
                            ObservedRecord.newBuilder()
                                    .setInstanceId(wanted.getInstanceId())
                                    .setEpoch(wanted.getEpoch())
                                    .setGone(true)
                                    .build());
            case AgentStep.Wait _, AgentStep.Stop _, AgentStep.Delete _ -> Optional.empty();
        };
    }

    private static boolean news(Snapshot now, ObservedRecord seen) {
        return !now.observed(seen.getInstanceId()).map(Entry::value).equals(Optional.of(seen));
    }

    private boolean newsOfLocal(Snapshot now, Instance instance) {
        if (!Ids.isId(instance.getId())) {
            return false;
        }
        LocalRecord record =
                LocalRecord.newBuilder().setNodeId(nodeId).setInstance(instance).build();
        return !Optional.ofNullable(now.locals().get(instance.getId()))
                .map(Entry::value)
                .equals(Optional.of(record));
    }

    private void forgetAllBut(Set<String> ids, Set<String> busy) {
        synchronized (works) {
            works.entrySet()
                    .removeIf(
                            entry ->
                                    !entry.getValue().busy
                                            && !ids.contains(entry.getKey())
                                            && !busy.contains(entry.getKey()));
        }
    }

    /** Makes the calls of a plan whose report is durable. Returns at once. */
    void act(Channel channel, NodeDocument document, Plan plan) {
        Map<String, Assignment> wanted = new HashMap<>();
        document.getAssignmentsList().forEach(a -> wanted.put(a.getInstanceId(), a));
        plan.steps()
                .forEach(
                        (id, step) -> {
                            Assignment assignment =
                                    wanted.getOrDefault(
                                            id, Assignment.newBuilder().setInstanceId(id).build());
                            switch (step) {
                                case AgentStep.Create(ObservedRecord intent) -> {
                                    pace(id, step, intent);
                                    call(id, step, () -> create(channel, assignment, document));
                                }
                                case AgentStep.Start(ObservedRecord intent) -> {
                                    pace(id, step, intent);
                                    call(id, step, () -> start(channel, id));
                                }
                                case AgentStep.Stop() ->
                                        call(id, step, () -> stop(channel, assignment));
                                case AgentStep.Delete() ->
                                        call(id, step, () -> delete(channel, assignment));
                                case AgentStep.Rest _, AgentStep.Wait _, AgentStep.Gone _ -> {}
                            }
                        });
    }

    /** What the restart policy starts again does so with growing pauses. */
    private void pace(String id, AgentStep step, ObservedRecord intent) {
        if (intent.getRestartCount() > 0) {
            synchronized (works) {
                Work work = works.computeIfAbsent(id, i -> begin(Optional.empty()));
                postpone(work, step, intent.getRestartCount());
            }
        }
    }

    private void postpone(Work work, AgentStep step, int retry) {
        work.paced = step.getClass();
        work.notBefore = clock.nanos() + BACKOFF.pause(retry).toNanos();
    }

    private void call(String id, AgentStep step, Runnable call) {
        synchronized (works) {
            Work work = works.computeIfAbsent(id, i -> begin(Optional.empty()));
            long running = works.values().stream().filter(w -> w.busy).count();
            if (work.busy || running >= MAX_CALLS) {
                return;
            }
            work.busy = true;
            work.answered &= !makesItRun(step);
        }
        calls.execute(() -> finish(id, step, outcome(id, call)));
    }

    private Status outcome(String id, Runnable call) {
        try {
            call.run();
            return Status.OK;
        } catch (RuntimeException e) {
            Status status = Status.fromThrowable(e);
            log.warn("node={} instance={}: call failed: {}", nodeId, id, status);
            return status;
        }
    }

    private void finish(String id, AgentStep step, Status status) {
        synchronized (works) {
            Work work = works.get(id);
            work.busy = false;
            if (status.isOk()) {
                work.error = "";
                work.answered |= makesItRun(step);
            } else {
                work.failures++;
                work.error = reason(status);
                postpone(work, step, work.failures);
                if (makesItRun(step) && mayHappenYet(status)) {
                    work.quietFrom = clock.nanos() + timing.settle().toNanos();
                    work.error = "";
                }
            }
        }
        wake.run();
    }

    private static boolean makesItRun(AgentStep step) {
        return switch (step) {
            case AgentStep.Create _, AgentStep.Start _ -> true;
            case AgentStep.Stop _,
                    AgentStep.Delete _,
                    AgentStep.Rest _,
                    AgentStep.Wait _,
                    AgentStep.Gone _ ->
                    false;
        };
    }

    private static boolean mayHappenYet(Status status) {
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED, UNAVAILABLE, CANCELLED -> true;
            default -> false;
        };
    }

    private static String reason(Status status) {
        Optional<String> description = Optional.ofNullable(status.getDescription());
        String text = status.getCode() + description.map(d -> ": " + d).orElse("");
        return text.length() <= 1024 ? text : text.substring(0, 1024);
    }

    private void create(Channel channel, Assignment wanted, NodeDocument document) {
        var _ =
                stub(channel, timing.call())
                        .createInstance(
                                AgentCreateInstanceRequest.newBuilder()
                                        .setInstanceId(wanted.getInstanceId())
                                        .setName(wanted.getName())
                                        .setType(wanted.getType())
                                        .setSpec(wanted.getSpec())
                                        .putAllLabels(wanted.getMetadata().getLabelsMap())
                                        .putAllAnnotations(wanted.getMetadata().getAnnotationsMap())
                                        .putAllAnnotations(Marks.of(wanted, document))
                                        .build());
    }

    private void start(Channel channel, String id) {
        var _ =
                stub(channel, timing.call())
                        .startInstance(AgentInstanceRequest.newBuilder().setInstanceId(id).build());
    }

    private void stop(Channel channel, Assignment wanted) {
        Duration guest = Duration.ofSeconds(wanted.getStop().getTimeoutSeconds());
        var _ =
                stub(channel, timing.call().plus(guest))
                        .stopInstance(
                                AgentStopInstanceRequest.newBuilder()
                                        .setInstanceId(wanted.getInstanceId())
                                        .setForce(wanted.getStop().getForce())
                                        .setTimeoutSeconds(wanted.getStop().getTimeoutSeconds())
                                        .build());
    }

    private void delete(Channel channel, Assignment wanted) {
        var _ =
                stub(channel, timing.call())
                        .deleteInstance(
                                AgentDeleteInstanceRequest.newBuilder()
                                        .setInstanceId(wanted.getInstanceId())
                                        .setForce(wanted.getStop().getForce())
                                        .build());
    }

    private AgentServiceBlockingStub stub(Channel channel, Duration deadline) {
        return AgentServiceGrpc.newBlockingStub(channel)
                .withDeadline(clock.deadline(deadline))
                .withMaxInboundMessageSize(64 * 1024 * 1024);
    }
}
