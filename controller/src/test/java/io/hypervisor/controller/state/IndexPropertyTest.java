package io.hypervisor.controller.state;

import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.MIB;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.RunIntent;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Indexes that were kept up to date equal those computed from the records alone. */
final class IndexPropertyTest {
    private static final int IDS = 6;
    private static final List<NodeStatus> STATUSES =
            List.of(
                    NodeStatus.NODE_STATUS_READY,
                    NodeStatus.NODE_STATUS_READY,
                    NodeStatus.NODE_STATUS_CORDONED,
                    NodeStatus.NODE_STATUS_UNREACHABLE);
    private static final List<Table> TABLES =
            List.of(
                    Table.NODE,
                    Table.HEALTH,
                    Table.INSTANCE,
                    Table.PLACEMENT,
                    Table.PLACEMENT,
                    Table.OBSERVED,
                    Table.LOCAL,
                    Table.PORT,
                    Table.PORT);

    @Property(tries = 300)
    void incrementalEqualsRecomputed(@ForAll long seed) {
        Random random = new Random(seed);
        Map<String, Snapshot.Loaded> stored = new HashMap<>();
        Snapshot now = Snapshot.empty();
        for (int revision = 1; revision <= 60; revision++) {
            List<Edit> edits = new ArrayList<>();
            for (int i = random.nextInt(3); i >= 0; i--) {
                edits.add(edit(random));
            }
            now = now.with(revision, edits);
            for (Edit edit : edits) {
                stored.put(edit.key(), new Snapshot.Loaded(edit, revision));
            }
            stored.values().removeIf(loaded -> loaded.edit().value().isEmpty());
        }
        assertSame(now, Snapshot.load(60, stored.values()));
    }

    private static void assertSame(Snapshot kept, Snapshot computed) {
        assertThat(kept.unplaced()).isEqualTo(computed.unplaced());
        assertThat(kept.rooms().openCount()).isEqualTo(computed.rooms().openCount());
        assertThat(kept.rooms().inOrder()).isEqualTo(computed.rooms().inOrder());
        assertThat(kept.rooms().traits()).isEqualTo(computed.rooms().traits());
        assertThat(kept.rooms().all()).containsExactlyInAnyOrderElementsOf(computed.rooms().all());
        for (int i = 0; i < IDS; i++) {
            String node = "n" + i;
            assertThat(kept.placedOn(node)).isEqualTo(computed.placedOn(node));
            assertThat(kept.localOn(node)).isEqualTo(computed.localOn(node));
            assertThat(kept.reservedOn(node)).isEqualTo(computed.reservedOn(node));
            assertThat(kept.runningOn(node)).isEqualTo(computed.runningOn(node));
            assertThat(kept.nodesByInstanceLabel("app", "a" + i))
                    .isEqualTo(computed.nodesByInstanceLabel("app", "a" + i));
            assertThat(kept.network().carriers("net" + i))
                    .isEqualTo(computed.network().carriers("net" + i));
            assertThat(kept.network().portsOfInstance("i" + i))
                    .isEqualTo(computed.network().portsOfInstance("i" + i));
            assertThat(kept.network().find(NetworkKeys.portOfNetwork("net" + i)))
                    .isEqualTo(computed.network().find(NetworkKeys.portOfNetwork("net" + i)));
            assertThat(kept.instanceByName("name" + i))
                    .isEqualTo(computed.instanceByName("name" + i));
            assertThat(kept.nodeByHostname("host" + i))
                    .isEqualTo(computed.nodeByHostname("host" + i));
        }
    }

    private static Edit edit(Random random) {
        Table table = TABLES.get(random.nextInt(TABLES.size()));
        int number = random.nextInt(IDS);
        boolean ofNode = table == Table.NODE || table == Table.HEALTH;
        String id = (ofNode ? "n" : "i") + number;
        return new Edit(
                table,
                id,
                random.nextInt(5) == 0
                        ? Optional.empty()
                        : Optional.of(value(table, id, number, random)));
    }

    private static Message value(Table table, String id, int number, Random random) {
        return switch (table) {
            case NODE -> node(id, number, random);
            case HEALTH -> health(id, random);
            case INSTANCE -> instance(id, number, random);
            case PLACEMENT ->
                    PlacementRecord.newBuilder()
                            .setInstanceId(id)
                            .setNodeId(random.nextInt(4) == 0 ? "" : "n" + random.nextInt(IDS))
                            .setEpoch(random.nextInt(2))
                            .setReservation(
                                    resources(random.nextInt(4), random.nextInt(9) * MIB, 1))
                            .setEvicting(random.nextInt(4) == 0)
                            .build();
            case OBSERVED ->
                    ObservedRecord.newBuilder()
                            .setInstanceId(id)
                            .setEpoch(random.nextInt(2))
                            .setRunGeneration(random.nextInt(2))
                            .setState(InstanceState.INSTANCE_STATE_RUNNING)
                            .build();
            case LOCAL ->
                    LocalRecord.newBuilder()
                            .setNodeId("n" + random.nextInt(IDS))
                            .setInstance(Instance.newBuilder().setId(id).setSpec(spec(random)))
                            .build();
            case PORT ->
                    PortRecord.newBuilder()
                            .setPort(
                                    Port.newBuilder()
                                            .setNetworkId("net" + random.nextInt(2))
                                            .setInstanceId(
                                                    random.nextBoolean()
                                                            ? ""
                                                            : "i" + random.nextInt(IDS))
                                            .setNodeId("n" + random.nextInt(IDS)))
                            .build();
            case CLUSTER,
                    LEADER,
                    HISTORY,
                    IMAGE,
                    NETWORK,
                    SUBNET,
                    ALLOCATION,
                    SECURITY_GROUP,
                    ROUTER,
                    FLOATING_IP,
                    PORT_STATE,
                    NODE_NETWORK ->
                    throw new IllegalArgumentException(table.name());
        };
    }

    private static NodeRecord node(String id, int number, Random random) {
        NodeRecord.Builder node =
                NodeRecord.newBuilder()
                        .setId(id)
                        .setHostname("host" + number)
                        .setZone("z" + random.nextInt(2))
                        .addSupportedInstanceTypes(random.nextBoolean() ? "vm" : "container")
                        .setAdminStatus(STATUSES.get(random.nextInt(3)))
                        .setCapacity(resources(random.nextInt(4), random.nextInt(9) * GIB, GIB));
        node.getMetadataBuilder().putLabels("rack", "r" + random.nextInt(2));
        return node.build();
    }

    private static NodeHealth health(String id, Random random) {
        return NodeHealth.newBuilder()
                .setNodeId(id)
                .setStatus(STATUSES.get(random.nextInt(4)))
                .setReportedAllocated(resources(random.nextInt(2), 0, 0))
                .addImages(
                        Image.newBuilder()
                                .setName("image" + random.nextInt(2))
                                .setType(InstanceType.INSTANCE_TYPE_VM))
                .build();
    }

    private static InstanceRecord instance(String id, int number, Random random) {
        InstanceRecord.Builder instance =
                InstanceRecord.newBuilder()
                        .setId(id)
                        .setName("name" + number)
                        .setSpec(spec(random))
                        .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                        .setRunGeneration(random.nextInt(2))
                        .setDeleting(random.nextInt(4) == 0);
        instance.getMetadataBuilder().putLabels("app", "a" + random.nextInt(IDS));
        return instance.build();
    }

    private static InstanceSpec spec(Random random) {
        return InstanceSpec.newBuilder()
                .setCpuCores(random.nextInt(3))
                .setMemoryBytes(random.nextInt(3) * MIB)
                .build();
    }
}
