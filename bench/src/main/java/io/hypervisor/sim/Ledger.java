package io.hypervisor.sim;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.RunIntent;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What the clients were told, and what they have asked for without knowing how it ended. */
final class Ledger {
    /** The annotation that names the attempt which an instance comes from. */
    static final String ATTEMPT = "attempt";

    private final Map<String, CreateInstanceRequest> asked = new HashMap<>();
    private final Set<String> refused = new HashSet<>();
    private final Map<String, String> created = new HashMap<>();
    private final Set<String> mayVanish = new HashSet<>();
    private final Set<String> forced = new HashSet<>();
    private final Map<String, Set<RunIntent>> wishes = new HashMap<>();
    private final Map<String, Long> acknowledged = new HashMap<>();

    /** A client is about to ask for this instance. */
    void asks(String attempt, CreateInstanceRequest request) {
        asked.put(attempt, request);
    }

    /** What was asked for under this attempt. */
    Optional<CreateInstanceRequest> asked(String attempt) {
        return Optional.ofNullable(asked.get(attempt));
    }

    /** The attempt was refused, and every try of it was. */
    void refused(String attempt) {
        refused.add(attempt);
    }

    boolean isRefused(String attempt) {
        return refused.contains(attempt);
    }

    /** The attempt was acknowledged; returns the id that it was acknowledged with before. */
    Optional<String> created(String attempt, Instance instance) {
        acknowledged(instance);
        return Optional.ofNullable(created.put(attempt, instance.getId()))
                .filter(id -> !id.equals(instance.getId()));
    }

    /** A write to the instance was acknowledged at its revision. */
    void acknowledged(Instance instance) {
        acknowledged.merge(instance.getId(), instance.getRevision(), Math::max);
    }

    /** The last revision that was acknowledged for an instance. */
    long revision(String id) {
        return acknowledged.getOrDefault(id, 0L);
    }

    /** Ids that were acknowledged and that nobody has asked to delete. */
    Set<String> safe() {
        Set<String> ids = new TreeSet<>(acknowledged.keySet());
        ids.removeAll(mayVanish);
        return ids;
    }

    /** Somebody is about to ask that this instance runs, or that it does not. */
    void wishes(String id, RunIntent intent) {
        wishes.computeIfAbsent(id, i -> EnumSet.noneOf(RunIntent.class)).add(intent);
    }

    /** Whether somebody has ever asked for this. */
    boolean wished(String id, RunIntent intent) {
        return wishes.getOrDefault(id, Set.of()).contains(intent);
    }

    /** Somebody is about to ask for this deletion. */
    void deletes(String id, boolean force) {
        mayVanish.add(id);
        if (force) {
            forced.add(id);
        }
    }

    boolean mayVanish(String id) {
        return mayVanish.contains(id);
    }

    boolean forced(String id) {
        return forced.contains(id);
    }
}
