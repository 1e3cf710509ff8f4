package io.hypervisor.controller.action;

import com.google.protobuf.FieldMask;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.controller.network.Masks;
import io.hypervisor.controller.state.Amounts;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Violations;
import io.hypervisor.core.spec.CloudInit;
import io.hypervisor.core.spec.Specs;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Writes the fields of an instance that the mask names, and takes or gives back what this means for
 * the room on its node, in one commit.
 *
 * @param foreign tells nodes with another agent, which has no method that changes an instance
 */
public record UpdateInstance(UpdateInstanceRequest request, Predicate<String> foreign)
        implements Action<Instance> {
    private static final String SPEC = "spec.";
    private static final String METADATA = "metadata.";

    /** What may be written. */
    public static final Set<String> FIELDS =
            Set.of(
                    "metadata.labels",
                    "metadata.annotations",
                    "spec.restart_policy",
                    "spec.cpu_cores",
                    "spec.max_cpu_cores",
                    "spec.cpu_topology",
                    "spec.memory_bytes",
                    "spec.limits",
                    "spec.disks",
                    "spec.command",
                    "spec.args",
                    "spec.env",
                    "spec.user",
                    "spec.working_dir");

    @Override
    public Decision<Instance> decide(Snapshot now) {
        String id = request.getInstanceId();
        InstanceRecord old = Require.instance(now, id, request.getExpectedRevision());
        PlacementRecord placement = Require.placement(now, id);
        if (old.getDeleting() || placement.getEvicting()) {
            throw Fault.wrongState(
                    Require.INSTANCE,
                    id,
                    old.getDeleting() ? "DELETING" : "MIGRATING",
                    "a state other than DELETING and MIGRATING");
        }
        InstanceRecord next = written(old);
        if (next.equals(old)) {
            return Answers.instance(id, List.of());
        }
        requireApplicable(placement);
        List<Edit> edits = new ArrayList<>(List.of(Edit.put(Table.INSTANCE, id, next)));
        Resources reservation = now.config().reservation(next.getType(), next.getSpec());
        boolean placed = !placement.getNodeId().isEmpty();
        if (placed && !reservation.equals(placement.getReservation())) {
            requireRoom(now, placement, reservation);
            PlacementRecord resized = placement.toBuilder().setReservation(reservation).build();
            edits.add(Edit.put(Table.PLACEMENT, id, resized));
        }
        return Answers.instance(id, edits);
    }

    private void requireApplicable(PlacementRecord placement) {
        boolean ofSpec =
                request.getUpdateMask().getPathsList().stream()
                        .anyMatch(path -> path.startsWith(SPEC));
        if (ofSpec && foreign.test(placement.getNodeId())) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "FOREIGN_NODE",
                    "instance "
                            + request.getInstanceId()
                            + " is on node "
                            + placement.getNodeId()
                            + ", whose agent cannot change an instance (expected: metadata alone)");
        }
    }

    private InstanceRecord written(InstanceRecord old) {
        Metadata metadata = Masks.write(old.getMetadata(), request.getMetadata(), mask(METADATA));
        if (!CloudInit.of(metadata.getAnnotationsMap())
                .equals(CloudInit.of(old.getMetadata().getAnnotationsMap()))) {
            throw fixed(
                    old,
                    "metadata.annotations",
                    CloudInit.PREFIX + "... changes",
                    "what the instance was created with: its guest read it at its first boot");
        }
        InstanceSpec spec = spec(old);
        InstanceRecord.Builder next = old.toBuilder().setMetadata(metadata).setSpec(spec);
        if (!spec.equals(old.getSpec())) {
            next.setSpecGeneration(Math.max(1, old.getSpecGeneration()) + 1);
        }
        return next.build();
    }

    private InstanceSpec spec(InstanceRecord old) {
        InstanceType type = old.getType();
        InstanceSpec merged = Masks.write(old.getSpec(), request.getSpec(), mask(SPEC));
        Specs.check(new Violations(), type, merged).throwIfAny();
        requireSameDisks(old, merged);
        return Specs.withDefaults(type, merged);
    }

    private FieldMask mask(String part) {
        return FieldMask.newBuilder()
                .addAllPaths(
                        request.getUpdateMask().getPathsList().stream()
                                .filter(path -> path.startsWith(part))
                                .map(path -> path.substring(part.length()))
                                .toList())
                .build();
    }

    /** Disks hold data: they stay, and only grow. */
    private static void requireSameDisks(InstanceRecord old, InstanceSpec merged) {
        List<DiskSpec> before = old.getSpec().getDisksList();
        List<DiskSpec> after = merged.getDisksList();
        for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
            String field = "spec.disks[" + i + "]";
            if (i >= after.size()) {
                throw fixed(old, field, "absent", "disk " + before.get(i).getName());
            }
            DiskSpec disk = after.get(i);
            if (i >= before.size()
                    || !disk.toBuilder()
                            .clearSizeBytes()
                            .build()
                            .equals(before.get(i).toBuilder().clearSizeBytes().build())) {
                throw fixed(old, field, disk.getName(), "the disks that the instance has");
            }
            if (disk.getSizeBytes() < before.get(i).getSizeBytes()) {
                throw fixed(
                        old,
                        field + ".size_bytes",
                        disk.getSizeBytes(),
                        "at least " + before.get(i).getSizeBytes() + ": a disk only grows");
            }
        }
    }

    private static Fault fixed(InstanceRecord old, String field, Object value, String expected) {
        Fault.Violation violation = Fault.violation(field, value, expected);
        return Fault.of(
                Fault.Kind.FAILED_PRECONDITION,
                "FIXED_FIELD",
                "instance " + old.getId() + ": " + field + ": " + violation.description(),
                List.of(violation));
    }

    private static void requireRoom(Snapshot now, PlacementRecord placement, Resources wanted) {
        Resources none = Resources.getDefaultInstance();
        Resources more = Amounts.max(Amounts.minus(wanted, placement.getReservation()), none);
        Resources free = now.rooms().of(placement.getNodeId()).map(Room::free).orElse(none);
        if (!Amounts.fits(more, Amounts.max(free, none))) {
            throw Fault.of(
                    Fault.Kind.RESOURCE_EXHAUSTED,
                    "NO_ROOM",
                    "node %s has no room for that: needs %d more cores, %d bytes of memory and %d of disk (left: %d, %d and %d)"
                            .formatted(
                                    placement.getNodeId(),
                                    more.getCpuCores(),
                                    more.getMemoryBytes(),
                                    more.getDiskBytes(),
                                    free.getCpuCores(),
                                    free.getMemoryBytes(),
                                    free.getDiskBytes()));
        }
    }
}
