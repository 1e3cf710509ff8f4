package io.hypervisor.controller.action;

import static io.hypervisor.controller.action.Acting.act;
import static io.hypervisor.controller.action.Acting.refused;
import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.MIB;
import static io.hypervisor.controller.state.Snapshots.id;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.controller.action.Acting.After;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

final class CreateInstanceTest {
    private static final String NEW = id(100);
    private final Snapshot oneNode = Snapshots.empty().node("n1").done();

    private static CreateInstanceRequest.Builder request() {
        return CreateInstanceRequest.newBuilder()
                .setName("web")
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage("busybox"));
    }

    private static CreateInstance create(CreateInstanceRequest.Builder request) {
        return create(request, NEW);
    }

    private static CreateInstance create(CreateInstanceRequest.Builder request, String newId) {
        CreateInstanceRequest built = request.build();
        return new CreateInstance(
                built, Acting.fresh(newId), Digests.of(built), NetworkConfig.defaults());
    }

    @Test
    void placesRecordsAndWritesDefaultsOut() {
        Instance instance = act(oneNode, create(request())).answer();
        assertThat(instance.getId()).isEqualTo(NEW);
        assertThat(instance.getState()).isEqualTo(InstanceState.INSTANCE_STATE_PENDING);
        assertThat(instance.getNodeId()).isEqualTo("n1");
        assertThat(instance.getEpoch()).isEqualTo(1);
        assertThat(instance.getRevision()).isEqualTo(oneNode.revision() + 1);
        assertThat(instance.getSpec().getCpuCores()).isEqualTo(1);
        assertThat(instance.getSpec().getMemoryBytes()).isEqualTo(512 * MIB);
        assertThat(instance.getSpec().getRestartPolicy())
                .isEqualTo(RestartPolicy.RESTART_POLICY_ON_FAILURE);
        assertThat(instance.getPlacement().getRelocation()).isEqualTo(Relocation.RELOCATION_KEEP);
    }

    @Test
    void reservesVmOverhead() {
        CreateInstanceRequest.Builder vm =
                request()
                        .setType(InstanceType.INSTANCE_TYPE_VM)
                        .setSpec(
                                InstanceSpec.newBuilder()
                                        .setImage("debian")
                                        .setCpuCores(2)
                                        .setMemoryBytes(GIB));
        Snapshot after = act(oneNode, create(vm)).state();
        assertThat(after.reservedOn("n1").getMemoryBytes())
                .isEqualTo(GIB + 64 * MIB + 2 * 8 * MIB + GIB / 512);
        assertThat(after.reservedOn("n1").getCpuCores()).isEqualTo(2);
    }

    @Test
    void refusesATakenName() {
        Snapshot after = act(oneNode, create(request())).state();
        Fault fault = refused(after, create(request(), id(101)), Fault.Kind.ALREADY_EXISTS);
        assertThat(fault).hasMessageContaining("web").hasMessageContaining(NEW);
    }

    @Test
    void aRepeatedRequestReturnsTheFirstResult() {
        CreateInstanceRequest.Builder request = request().setRequestId("r1");
        After<Instance> first = act(oneNode, create(request));
        After<Instance> second = act(first.state(), create(request, id(101)));
        assertThat(second.writes()).isZero();
        assertThat(second.answer()).isEqualTo(first.answer());
    }

    @Test
    void refusesARequestIdWithOtherContent() {
        Snapshot after = act(oneNode, create(request().setRequestId("r1"))).state();
        Fault fault =
                refused(
                        after,
                        create(request().setRequestId("r1").setName("other"), id(101)),
                        Fault.Kind.INVALID_ARGUMENT);
        assertThat(fault.violations().getFirst().field()).isEqualTo("request_id");
    }

    @Test
    void saysPerFilterWhyThereIsNoRoom() {
        Snapshot full =
                Snapshots.from(oneNode)
                        .node("n2")
                        .admin("n2", NodeStatus.NODE_STATUS_CORDONED)
                        .done();
        CreateInstanceRequest.Builder huge =
                request()
                        .setSpec(
                                InstanceSpec.newBuilder()
                                        .setImage("busybox")
                                        .setMemoryBytes(64 * GIB));
        Fault fault = refused(full, create(huge), Fault.Kind.RESOURCE_EXHAUSTED);
        assertThat(fault.reason()).isEqualTo("NO_ROOM");
        assertThat(fault.violations())
                .extracting(Fault.Violation::field)
                .containsExactly("status", "memory");
        assertThat(fault.violations().getLast().description())
                .contains("host-n1: needs " + 64 * GIB + " bytes of memory");
    }

    @Test
    void waitsWithoutRoomIfAsked() {
        Instance instance = act(Snapshot.empty(), create(request().setQueue(true))).answer();
        assertThat(instance.getState()).isEqualTo(InstanceState.INSTANCE_STATE_PENDING);
        assertThat(instance.getNodeId()).isEmpty();
        assertThat(instance.getEpoch()).isZero();
        assertThat(instance.getStateReason()).contains("none is registered");
    }

    @Test
    void refusesAnUnknownPreferredNode() {
        refused(oneNode, create(request().setPreferredNodeId("nope")), Fault.Kind.NOT_FOUND);
    }

    @Test
    void theRequestOverridesItsPolicy() {
        Snapshot two = Snapshots.from(oneNode).node("n2", n -> n.setZone("b")).done();
        CreateInstanceRequest.Builder request = request().setZone("b");
        request.getPlacementBuilder().setZone("a").setPreferredNodeId("n1");
        Instance instance = act(two, create(request)).answer();
        assertThat(instance.getNodeId()).isEqualTo("n2");
        assertThat(instance.getPlacement().getZone()).isEqualTo("b");
    }
}
