package io.hypervisor.agent.door;

import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.journal.JournalException;
import io.hypervisor.agent.node.InstanceViews;
import io.hypervisor.agent.node.NodeFacts;
import io.hypervisor.agent.reconcile.Reconciler;
import io.hypervisor.agent.reconcile.Sightings;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.Assignment.Want;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.StopOptions;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentRestartInstanceRequest;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.spec.AgentRequests;
import io.hypervisor.core.spec.Specs;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** The verbs on local instances, and reads of all. */
final class Locals {
    private static final String INSTANCE = "instance";
    private static final int DELETE_GRACE_SECONDS = 10;
    private static final int STOP_GRACE_SECONDS = 30;
    // A node runs thousands; this bounds the journal.
    private static final int MAX_LOCALS = 10_000;

    private final Journal journal;
    private final Reconciler reconciler;
    private final Sightings sightings;
    private final Supplier<String> nodeId;
    private final Clock clock;
    private final Ids ids;
    private final Await await;

    Locals(
            Journal journal,
            Reconciler reconciler,
            Sightings sightings,
            Supplier<String> nodeId,
            Clock clock,
            Ids ids,
            Tasks tasks) {
        this.journal = journal;
        this.reconciler = reconciler;
        this.sightings = sightings;
        this.nodeId = nodeId;
        this.clock = clock;
        this.ids = ids;
        this.await = new Await(sightings, clock, tasks);
    }

    /** An instance of this node, local or not. */
    Instance get(String id) {
        AgentRequests.check(id);
        return find(journal.intent(), id).orElseThrow(() -> Fault.notFound(INSTANCE, id));
    }

    private Optional<Instance> find(Intent intent, String id) {
        Optional<ObservedRecord> seen = sightings.get(id);
        return intent.local(id)
                .map(l -> InstanceViews.local(l, seen, nodeId.get()))
                .or(
                        () ->
                                intent.assignment(id)
                                        .map(a -> InstanceViews.assigned(a, seen, nodeId.get())));
    }

    boolean isRunning(String id) {
        return find(journal.intent(), id)
                .filter(i -> i.getState() == InstanceState.INSTANCE_STATE_RUNNING)
                .isPresent();
    }

    boolean has(String id) {
        return journal.intent().assignment(id).isPresent();
    }

    List<Instance> list() {
        Intent intent = journal.intent();
        return Stream.concat(
                        intent.assignments().keySet().stream(), intent.locals().keySet().stream())
                .sorted()
                .flatMap(id -> find(intent, id).stream())
                .toList();
    }

    /** The driver that runs an instance. */
    InstanceDriver driver(Instance instance) {
        return reconciler
                .driver(instance.getType())
                .orElseThrow(
                        () ->
                                Fault.wrongState(
                                        INSTANCE,
                                        instance.getId(),
                                        instance.getState(),
                                        "a type that this node runs"));
    }

    /** The driver that runs instances of a type. */
    InstanceDriver driver(InstanceType type) {
        return reconciler
                .driver(type)
                .orElseThrow(
                        () ->
                                Fault.of(
                                        Fault.Kind.FAILED_PRECONDITION,
                                        "TYPE_NOT_SUPPORTED",
                                        "type: value: "
                                                + NodeFacts.typeName(type)
                                                + " (expected: a type that this node runs)"));
    }

    Instance create(AgentCreateInstanceRequest request) {
        AgentRequests.check(request);
        var _ = driver(request.getType());
        String id = request.getInstanceId().isEmpty() ? ids.next() : request.getInstanceId();
        Assignment wanted =
                Assignment.newBuilder()
                        .setInstanceId(id)
                        .setEpoch(1)
                        .setRunGeneration(1)
                        .setWant(Want.WANT_RUNNING)
                        .setName(request.getName())
                        .setType(request.getType())
                        .setSpec(Specs.withDefaults(request.getType(), request.getSpec()))
                        .setMetadata(
                                Metadata.newBuilder()
                                        .putAllLabels(request.getLabelsMap())
                                        .putAllAnnotations(request.getAnnotationsMap()))
                        .build();
        boolean isNew = record(wanted);
        reconciler.wake(List.of(id));
        await.until(id, "running", seen -> seen.isPresent() && hasBegun(seen.get()));
        if (isNew && cannotBeMade(id)) {
            throw takeBack(id);
        }
        return get(id);
    }

    /** Journals a new instance; false if the same exists already. */
    private synchronized boolean record(Assignment wanted) {
        Intent intent = journal.intent();
        String id = wanted.getInstanceId();
        if (intent.assignments().containsKey(id)) {
            throw Fault.alreadyExists(INSTANCE, id, "instance " + id + " belongs to the cluster");
        }
        Optional<LocalIntent> same = intent.local(id);
        if (same.isPresent()) {
            Assignment there = same.get().getAssignment();
            boolean equal =
                    there.getWant() != Want.WANT_ABSENT
                            && there.getName().equals(wanted.getName())
                            && there.getType() == wanted.getType()
                            && there.getSpec().equals(wanted.getSpec())
                            && there.getMetadata().equals(wanted.getMetadata());
            if (!equal) {
                throw Fault.alreadyExists(
                        INSTANCE, id, "instance " + id + " exists with another content");
            }
            return false;
        }
        requireFreeName(intent, wanted.getName());
        if (intent.locals().size() >= MAX_LOCALS) {
            throw Fault.of(
                    Fault.Kind.RESOURCE_EXHAUSTED,
                    "TOO_MANY_LOCAL_INSTANCES",
                    "this node has " + MAX_LOCALS + " local instances (expected: fewer)");
        }
        put(LocalIntent.newBuilder().setAssignment(wanted).setCreatedAt(clock.timestamp()).build());
        return true;
    }

    private static void requireFreeName(Intent intent, String name) {
        Stream.concat(
                        intent.assignments().values().stream(),
                        intent.locals().values().stream().map(LocalIntent::getAssignment))
                .filter(a -> a.getName().equals(name))
                .findFirst()
                .ifPresent(
                        a -> {
                            throw Fault.alreadyExists(
                                    INSTANCE,
                                    a.getInstanceId(),
                                    "name: value: "
                                            + name
                                            + " (expected: a name that no instance of this node"
                                            + " has)");
                        });
    }

    private static boolean hasBegun(ObservedRecord seen) {
        return seen.hasStartedAt() || seen.getState() == InstanceState.INSTANCE_STATE_FAILED;
    }

    private boolean cannotBeMade(String id) {
        return sightings
                .get(id)
                .filter(s -> !s.hasStartedAt())
                .filter(s -> s.getState() == InstanceState.INSTANCE_STATE_FAILED)
                .isPresent();
    }

    /** Removes what could not be made, so that nothing half-made stays. */
    private Fault takeBack(String id) {
        String reason = sightings.get(id).map(ObservedRecord::getStateReason).orElse("");
        change(id, a -> a.setWant(Want.WANT_ABSENT).setStop(stop(true, 0)));
        await.until(id, "removed", seen -> isForgotten(id));
        return Fault.of(
                Fault.Kind.FAILED_PRECONDITION,
                "CANNOT_BE_CREATED",
                "instance " + id + " cannot be created: " + reason);
    }

    void delete(AgentDeleteInstanceRequest request) {
        String id = requireLocal(request.getInstanceId()).getId();
        change(
                id,
                a ->
                        a.setWant(Want.WANT_ABSENT)
                                .setStop(stop(request.getForce(), DELETE_GRACE_SECONDS)));
        await.until(id, "removed", seen -> isForgotten(id));
    }

    private boolean isForgotten(String id) {
        return journal.intent().local(id).isEmpty();
    }

    Instance start(String id) {
        requireState(
                requireLocal(id),
                "STOPPED or FAILED",
                InstanceState.INSTANCE_STATE_STOPPED,
                InstanceState.INSTANCE_STATE_FAILED);
        long generation =
                change(
                        id,
                        a ->
                                a.setWant(Want.WANT_RUNNING)
                                        .setRunGeneration(a.getRunGeneration() + 1));
        return running(id, generation);
    }

    Instance stop(AgentStopInstanceRequest request) {
        AgentRequests.check(request);
        String id = request.getInstanceId();
        Instance now = requireLocal(id);
        if (now.getState() == InstanceState.INSTANCE_STATE_STOPPED
                || now.getState() == InstanceState.INSTANCE_STATE_FAILED
                || now.getState() == InstanceState.INSTANCE_STATE_DELETING) {
            throw Fault.wrongState(INSTANCE, id, now.getState(), "a state that is not at rest");
        }
        int seconds =
                request.getTimeoutSeconds() == 0 ? STOP_GRACE_SECONDS : request.getTimeoutSeconds();
        change(id, a -> a.setWant(Want.WANT_STOPPED).setStop(stop(request.getForce(), seconds)));
        await.until(
                id,
                "stopped",
                seen ->
                        seen.map(ObservedRecord::getState)
                                .filter(s -> s == InstanceState.INSTANCE_STATE_STOPPED)
                                .isPresent());
        return get(id);
    }

    Instance restart(AgentRestartInstanceRequest request) {
        String id = request.getInstanceId();
        requireState(requireLocal(id), "RUNNING", InstanceState.INSTANCE_STATE_RUNNING);
        long generation =
                change(
                        id,
                        a ->
                                a.setRunGeneration(a.getRunGeneration() + 1)
                                        .setStop(stop(request.getForce(), STOP_GRACE_SECONDS)));
        return running(id, generation);
    }

    private Instance running(String id, long generation) {
        await.until(
                id,
                "running",
                seen ->
                        seen.filter(s -> s.getRunGeneration() >= generation)
                                .filter(Locals::hasBegun)
                                .filter(s -> s.getState() != InstanceState.INSTANCE_STATE_STOPPING)
                                .isPresent());
        return get(id);
    }

    private static StopOptions stop(boolean force, int seconds) {
        return StopOptions.newBuilder().setForce(force).setTimeoutSeconds(seconds).build();
    }

    private Instance requireLocal(String id) {
        Instance instance = get(id);
        if (!instance.getLocal()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "CLUSTER_INSTANCE",
                    "instance "
                            + id
                            + " belongs to the cluster (expected: one that was created through this"
                            + " node's own AgentService; change it through ComputeService)");
        }
        return instance;
    }

    private static void requireState(Instance instance, String expected, InstanceState... states) {
        if (!List.of(states).contains(instance.getState())) {
            throw Fault.wrongState(INSTANCE, instance.getId(), instance.getState(), expected);
        }
    }

    /** Journals a change and wakes the reconciler; returns the run generation. */
    private long change(String id, UnaryOperator<Assignment.Builder> change) {
        long generation;
        synchronized (this) {
            LocalIntent local =
                    journal.intent().local(id).orElseThrow(() -> Fault.notFound(INSTANCE, id));
            Assignment next = change.apply(local.getAssignment().toBuilder()).build();
            put(local.toBuilder().setAssignment(next).build());
            generation = next.getRunGeneration();
        }
        reconciler.wake(List.of(id));
        return generation;
    }

    private void put(LocalIntent local) {
        try {
            journal.putLocal(local);
        } catch (JournalException e) {
            throw Fault.unavailable("JOURNAL", e.getMessage());
        }
    }
}
