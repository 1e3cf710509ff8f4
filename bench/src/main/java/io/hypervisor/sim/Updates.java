package io.hypervisor.sim;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An instance's spec and labels change only as somebody has asked, every write of a spec counts as
 * one, and a write that was acknowledged is never lost.
 */
final class Updates implements Checker {
    static final String NAME = "updates";

    /** What clients change. */
    static final List<String> PATHS =
            List.of(
                    "metadata.labels",
                    "metadata.annotations",
                    "spec.restart_policy",
                    "spec.cpu_cores",
                    "spec.memory_bytes",
                    "spec.limits");

    private final Map<String, List<UpdateInstanceRequest>> asked = new HashMap<>();
    private final Map<String, Long> acknowledged = new HashMap<>();

    /** Somebody is about to ask for this. */
    void asks(UpdateInstanceRequest request) {
        asked.computeIfAbsent(request.getInstanceId(), id -> new ArrayList<>()).add(request);
    }

    /** A client was told that its update led to this. */
    void told(UpdateInstanceRequest request, Instance told) {
        for (String path : request.getUpdateMask().getPathsList()) {
            // Another client's request in the same commit may have the last word.
            if (!value(told, path).equals(value(request, path))
                    && !isAsked(told.getId(), path, told)) {
                throw new Violation(
                        NAME,
                        "%s of %s was answered with %s (expected: %s)"
                                .formatted(
                                        path,
                                        told.getId(),
                                        value(told, path),
                                        value(request, path)));
            }
        }
        acknowledged.merge(told.getId(), told.getSpecGeneration(), Math::max);
    }

    @Override
    public void committed(Truth.Commit commit) {
        for (Edit edit : commit.edits()) {
            if (edit.table() == Table.INSTANCE && edit.value().isPresent()) {
                InstanceRecord next = (InstanceRecord) edit.value().get();
                commit.before()
                        .instance(edit.id())
                        .map(Entry::value)
                        .ifPresent(old -> changed(old, next, commit.revision()));
            }
        }
    }

    private void changed(InstanceRecord old, InstanceRecord next, long revision) {
        long before = old.getSpecGeneration();
        long after = next.getSpecGeneration();
        boolean counted = old.getSpec().equals(next.getSpec()) ? after >= before : after > before;
        if (!counted || after < acknowledged.getOrDefault(old.getId(), 0L)) {
            throw new Violation(
                    NAME,
                    "revision %d writes the spec of %s as generation %d, after %d (acknowledged: %s)"
                            .formatted(
                                    revision,
                                    old.getId(),
                                    after,
                                    before,
                                    acknowledged.get(old.getId())));
        }
        for (String path : PATHS) {
            if (!value(old, path).equals(value(next, path)) && !isAsked(old.getId(), path, next)) {
                throw new Violation(
                        NAME,
                        "revision %d writes %s of %s, which nobody asked for: %s (before: %s)"
                                .formatted(
                                        revision,
                                        path,
                                        old.getId(),
                                        value(next, path),
                                        value(old, path)));
            }
        }
        if (!rest(old.getSpec()).equals(rest(next.getSpec()))
                || !rest(old.getMetadata()).equals(rest(next.getMetadata()))) {
            throw new Violation(NAME, "revision %d makes %s of %s".formatted(revision, next, old));
        }
    }

    private boolean isAsked(String id, String path, Message written) {
        return asked.getOrDefault(id, List.of()).stream()
                .filter(request -> request.getUpdateMask().getPathsList().contains(path))
                .anyMatch(request -> value(request, path).equals(value(written, path)));
    }

    /** Of anything that has a spec and metadata; maps without their order. */
    private static Object value(Message holder, String path) {
        int dot = path.indexOf('.');
        Message part = (Message) field(holder, path.substring(0, dot));
        Object value = field(part, path.substring(dot + 1));
        return value instanceof List<?> entries ? Set.copyOf(entries) : value;
    }

    private static Object field(Message of, String name) {
        return of.getField(of.getDescriptorForType().findFieldByName(name));
    }

    private static InstanceSpec rest(InstanceSpec spec) {
        return spec.toBuilder()
                .clearRestartPolicy()
                .clearCpuCores()
                .clearMemoryBytes()
                .clearLimits()
                .build();
    }

    private static Metadata rest(Metadata metadata) {
        return metadata.toBuilder().clearLabels().clearAnnotations().build();
    }
}
