package io.hypervisor.controller.action;

import static io.hypervisor.controller.action.Acting.act;
import static io.hypervisor.controller.action.Acting.refused;
import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.MIB;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

import java.util.List;

final class UpdateInstanceTest {
    private static final InstanceSpec SPEC =
            InstanceSpec.newBuilder()
                    .setImage("debian")
                    .setCpuCores(1)
                    .setMemoryBytes(GIB)
                    .addDisks(DiskSpec.newBuilder().setName("data").setSizeBytes(GIB))
                    .build();

    private final Snapshot now =
            placed(InstanceType.INSTANCE_TYPE_CONTAINER, SPEC.toBuilder().clearDisks().build());
    private final Snapshot vm = placed(InstanceType.INSTANCE_TYPE_VM, SPEC);

    /** Four processors, of which placement gives out sixteen. */
    private static Snapshot placed(InstanceType type, InstanceSpec spec) {
        Snapshot base =
                Snapshots.empty()
                        .node("n", node -> node.setCapacity(resources(4, 4 * GIB, 10 * GIB)))
                        .instance("i", "n")
                        .observed("i", InstanceState.INSTANCE_STATE_RUNNING)
                        .done();
        InstanceRecord record =
                base.instance("i").orElseThrow().value().toBuilder()
                        .setType(type)
                        .setSpec(spec)
                        .setSpecGeneration(1)
                        .build();
        PlacementRecord placement =
                base.placement("i").orElseThrow().value().toBuilder()
                        .setReservation(base.config().reservation(type, spec))
                        .build();
        return base.with(
                base.revision() + 1,
                List.of(
                        Edit.put(Table.INSTANCE, "i", record),
                        Edit.put(Table.PLACEMENT, "i", placement)));
    }

    private static UpdateInstance update(InstanceSpec spec, String... paths) {
        return new UpdateInstance(
                UpdateInstanceRequest.newBuilder()
                        .setInstanceId("i")
                        .setSpec(spec)
                        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(paths)))
                        .build(),
                node -> false);
    }

    private static UpdateInstance annotate(String key) {
        return new UpdateInstance(
                UpdateInstanceRequest.newBuilder()
                        .setInstanceId("i")
                        .setMetadata(Metadata.newBuilder().putAnnotations(key, "v"))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("metadata.annotations"))
                        .build(),
                node -> false);
    }

    private static long taken(Snapshot state) {
        return state.rooms().of("n").orElseThrow().allocated().getMemoryBytes();
    }

    @Test
    void onlyWhatTheMaskNamesIsWritten() {
        InstanceSpec other =
                InstanceSpec.newBuilder()
                        .setImage("other")
                        .setMemoryBytes(2 * GIB)
                        .setCpuCores(3)
                        .setRestartPolicy(RestartPolicy.RESTART_POLICY_NEVER)
                        .build();
        Instance updated =
                act(now, update(other, "spec.cpu_cores", "spec.restart_policy")).answer();
        assertThat(updated.getSpec().getImage()).isEqualTo("debian");
        assertThat(updated.getSpec().getMemoryBytes()).isEqualTo(GIB);
        assertThat(updated.getSpec().getCpuCores()).isEqualTo(3);
        assertThat(updated.getSpec().getRestartPolicy())
                .isEqualTo(RestartPolicy.RESTART_POLICY_NEVER);
        assertThat(updated.getSpecGeneration()).isEqualTo(2);
        assertThat(updated.getAppliedGeneration()).isLessThan(2);
    }

    @Test
    void aContainersProcessCanBeMadeOfSomethingElse() {
        InstanceSpec other =
                InstanceSpec.newBuilder()
                        .addCommand("sh")
                        .addArgs("-c")
                        .putEnv("A", "1")
                        .setUser("app")
                        .setWorkingDir("/srv")
                        .build();
        String[] paths = {"spec.command", "spec.args", "spec.env", "spec.user", "spec.working_dir"};
        Instance updated = act(now, update(other, paths)).answer();
        InstanceSpec before = now.instance("i").orElseThrow().value().getSpec();
        assertThat(updated.getSpec().toBuilder().clearRestartPolicy().build())
                .isEqualTo(before.toBuilder().clearRestartPolicy().mergeFrom(other).build());
        for (String path : paths) {
            assertThat(refused(vm, update(other, path), Fault.Kind.INVALID_ARGUMENT))
                    .hasMessageContaining(path);
        }
    }

    @Test
    void whatAForeignNodeCannotDoIsNotPromised() {
        UpdateInstance larger = update(SPEC.toBuilder().setCpuCores(2).build(), "spec.cpu_cores");
        assertThat(
                        refused(
                                now,
                                new UpdateInstance(larger.request(), "n"::equals),
                                Fault.Kind.FAILED_PRECONDITION))
                .hasMessageContaining("is on node n, whose agent cannot change an instance");
        assertThat(act(now, new UpdateInstance(annotate("a").request(), "n"::equals)).writes())
                .isPositive();
        assertThat(act(now, new UpdateInstance(larger.request(), "m"::equals)).writes())
                .isPositive();
    }

    @Test
    void theSameAgainWritesNothing() {
        Snapshot after =
                act(now, update(SPEC.toBuilder().setCpuCores(2).build(), "spec.cpu_cores")).state();
        assertThat(
                        act(
                                        after,
                                        update(
                                                SPEC.toBuilder().setCpuCores(2).build(),
                                                "spec.cpu_cores"))
                                .writes())
                .isZero();
    }

    @Test
    void roomIsTakenAndGivenBackInTheSameCommit() {
        long before = taken(now);
        Snapshot larger =
                act(
                                now,
                                update(
                                        SPEC.toBuilder().setMemoryBytes(3 * GIB).build(),
                                        "spec.memory_bytes"))
                        .state();
        assertThat(taken(larger)).isEqualTo(before + 2 * GIB);
        Snapshot smaller =
                act(
                                larger,
                                update(
                                        SPEC.toBuilder().setMemoryBytes(64 * MIB).build(),
                                        "spec.memory_bytes"))
                        .state();
        assertThat(taken(smaller)).isEqualTo(before - GIB + 64 * MIB);
    }

    @Test
    void withoutRoomNothingIsWritten() {
        for (UpdateInstance greedy :
                List.of(
                        update(
                                SPEC.toBuilder().setMemoryBytes(5 * GIB).build(),
                                "spec.memory_bytes"),
                        update(SPEC.toBuilder().setCpuCores(17).build(), "spec.cpu_cores"))) {
            assertThat(refused(now, greedy, Fault.Kind.RESOURCE_EXHAUSTED))
                    .hasMessageContaining("left: ");
        }
        // Less is always possible, however full the node is.
        Snapshot full =
                Snapshots.from(now).node("n", n -> n.setCapacity(resources(1, GIB, GIB))).done();
        assertThat(
                        act(
                                        full,
                                        update(
                                                SPEC.toBuilder().setMemoryBytes(64 * MIB).build(),
                                                "spec.memory_bytes"))
                                .answer()
                                .getSpec()
                                .getMemoryBytes())
                .isEqualTo(64 * MIB);
    }

    @Test
    void whatComesOfItHasToBeASpec() {
        InstanceSpec bad = InstanceSpec.newBuilder().setMaxCpuCores(8).build();
        assertThat(refused(now, update(bad, "spec.max_cpu_cores"), Fault.Kind.INVALID_ARGUMENT))
                .hasMessageContaining("VMs only");
        refused(vm, update(bad, "spec.disks", "spec.memory_bytes"), Fault.Kind.FAILED_PRECONDITION);
        InstanceSpec limited = SPEC.toBuilder().setMemoryBytes(64 * MIB).build();
        limited =
                limited.toBuilder()
                        .setLimits(limited.getLimits().toBuilder().setMemoryLimit(GIB))
                        .build();
        assertThat(
                        refused(
                                now,
                                update(limited, "spec.limits", "spec.memory_bytes"),
                                Fault.Kind.INVALID_ARGUMENT))
                .hasMessageContaining("spec.limits.memory_limit");
    }

    @Test
    void disksStayAndOnlyGrow() {
        DiskSpec data = SPEC.getDisks(0);
        for (InstanceSpec bad :
                List.of(
                        SPEC.toBuilder().clearDisks().build(),
                        SPEC.toBuilder()
                                .setDisks(0, data.toBuilder().setSizeBytes(GIB - 1))
                                .build(),
                        SPEC.toBuilder().setDisks(0, data.toBuilder().setName("other")).build(),
                        SPEC.toBuilder().setDisks(0, data.toBuilder().setBoot(true)).build(),
                        SPEC.toBuilder().addDisks(data.toBuilder().setName("more")).build())) {
            refused(vm, update(bad, "spec.disks"), Fault.Kind.FAILED_PRECONDITION);
        }
        InstanceSpec larger =
                SPEC.toBuilder().setDisks(0, data.toBuilder().setSizeBytes(2 * GIB)).build();
        Snapshot after = act(vm, update(larger, "spec.disks")).state();
        assertThat(after.placement("i").orElseThrow().value().getReservation().getDiskBytes())
                .isEqualTo(2 * GIB);
    }

    @Test
    void whatAGuestReadAtItsFirstBootIsFixed() {
        assertThat(act(vm, annotate("note")).answer().getMetadata().getAnnotationsMap())
                .containsEntry("note", "v");
        assertThat(refused(vm, annotate("cloud-init/user-data"), Fault.Kind.FAILED_PRECONDITION))
                .hasMessageContaining("first boot");
    }

    @Test
    void aMicroVmChangesInWhatItsMachineHas() {
        Snapshot micro = placed(InstanceType.INSTANCE_TYPE_MICROVM, SPEC);
        InstanceSpec larger = SPEC.toBuilder().setCpuCores(2).setMaxCpuCores(4).build();
        assertThat(act(micro, update(larger, "spec.cpu_cores")).answer().getSpec().getCpuCores())
                .isEqualTo(2);
        refused(micro, update(larger, "spec.max_cpu_cores"), Fault.Kind.INVALID_ARGUMENT);
    }
}
