package io.hypervisor.controller.state;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RunIntent;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Builds snapshots for tests, one revision per call. Nodes are READY, with 8 cores, 16 GiB of
 * memory, 100 GiB of disk and every type; instances are containers of 1 core and 512 MiB that
 * should run. Each method takes what differs.
 */
public final class Snapshots {
    public static final long MIB = 1L << 20;
    public static final long GIB = 1L << 30;

    private Snapshot now;

    private Snapshots(Snapshot now) {
        this.now = now;
    }

    public static Snapshots empty() {
        return new Snapshots(Snapshot.empty());
    }

    public static Snapshots of(PlacementConfig config) {
        return new Snapshots(Snapshot.empty(config));
    }

    public static Snapshots from(Snapshot now) {
        return new Snapshots(now);
    }

    public Snapshot done() {
        return now;
    }

    /** The same id for the same number, in the form that the API demands. */
    public static String id(int number) {
        return "01900000-0000-7000-8000-%012x".formatted(number);
    }

    public static Timestamp at(long seconds) {
        return Timestamp.newBuilder().setSeconds(seconds).build();
    }

    public static Resources resources(int cores, long memory, long disk) {
        return Resources.newBuilder()
                .setCpuCores(cores)
                .setMemoryBytes(memory)
                .setDiskBytes(disk)
                .build();
    }

    public Snapshots node(String id) {
        return node(id, node -> {});
    }

    public Snapshots node(String id, Consumer<NodeRecord.Builder> change) {
        NodeRecord.Builder node =
                NodeRecord.newBuilder()
                        .setId(id)
                        .setHostname("host-" + id)
                        .setIp("10.0.0.1")
                        .setPort(50052)
                        .setCapacity(resources(8, 16 * GIB, 100 * GIB))
                        .addAllSupportedInstanceTypes(List.of("vm", "container", "microvm"))
                        .setAdminStatus(NodeStatus.NODE_STATUS_READY);
        change.accept(node);
        return put(Table.NODE, id, node.build()).health(id, NodeStatus.NODE_STATUS_READY);
    }

    public Snapshots admin(String id, NodeStatus status) {
        NodeRecord node = now.node(id).orElseThrow().value();
        return put(Table.NODE, id, node.toBuilder().setAdminStatus(status).build());
    }

    public Snapshots health(String id, NodeStatus status) {
        return health(id, health -> health.setStatus(status));
    }

    public Snapshots health(String id, Consumer<NodeHealth.Builder> change) {
        NodeHealth.Builder health =
                now.health(id)
                        .map(entry -> entry.value().toBuilder())
                        .orElseGet(() -> NodeHealth.newBuilder().setNodeId(id));
        change.accept(health);
        return put(Table.HEALTH, id, health.build());
    }

    /** An instance on a node, epoch 1, not yet observed; without a node it waits, epoch 0. */
    public Snapshots instance(String id, String node) {
        return instance(id, node, instance -> {});
    }

    public Snapshots instance(String id, String node, Consumer<InstanceRecord.Builder> change) {
        InstanceRecord.Builder instance =
                InstanceRecord.newBuilder()
                        .setId(id)
                        .setName("name-" + id)
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(
                                InstanceSpec.newBuilder()
                                        .setImage("busybox")
                                        .setCpuCores(1)
                                        .setMemoryBytes(512 * MIB))
                        .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                        .setRunGeneration(1);
        change.accept(instance);
        PlacementRecord.Builder placement = PlacementRecord.newBuilder().setInstanceId(id);
        if (!node.isEmpty()) {
            placement
                    .setNodeId(node)
                    .setEpoch(1)
                    .setReservation(
                            now.config().reservation(instance.getType(), instance.getSpec()));
        }
        return puts(
                List.of(
                        Edit.put(Table.INSTANCE, id, instance.build()),
                        Edit.put(Table.PLACEMENT, id, placement.build())));
    }

    /** An instance that a drain or a fenced node recreates elsewhere. */
    public Snapshots movable(String id, String node) {
        return instance(
                id,
                node,
                instance ->
                        instance.setPlacement(
                                PlacementPolicy.newBuilder()
                                        .setRelocation(Relocation.RELOCATION_RECREATE)));
    }

    /** What its node reports of the present epoch and generation. */
    public Snapshots observed(String id, InstanceState state) {
        return put(
                Table.OBSERVED,
                id,
                ObservedRecord.newBuilder()
                        .setInstanceId(id)
                        .setEpoch(now.placement(id).orElseThrow().value().getEpoch())
                        .setRunGeneration(now.instance(id).orElseThrow().value().getRunGeneration())
                        .setState(state)
                        .build());
    }

    public Snapshots put(Table table, String id, Message value) {
        return puts(List.of(Edit.put(table, id, value)));
    }

    public Snapshots puts(List<Edit> edits) {
        now = now.with(now.revision() + 1, new ArrayList<>(edits));
        return this;
    }
}
