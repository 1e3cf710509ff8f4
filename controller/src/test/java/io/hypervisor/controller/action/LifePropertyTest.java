package io.hypervisor.controller.action;

import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.MIB;
import static io.hypervisor.controller.state.Snapshots.at;
import static io.hypervisor.controller.state.Snapshots.id;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Amounts;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.core.Fault;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** Random lives of a small cluster, with nodes that do what their documents say. */
final class LifePropertyTest {
    private static final int NODES = 4;
    private static final List<NodeStatus> ADMIN =
            List.of(
                    NodeStatus.NODE_STATUS_READY,
                    NodeStatus.NODE_STATUS_READY,
                    NodeStatus.NODE_STATUS_CORDONED,
                    NodeStatus.NODE_STATUS_DRAINING);

    @Property(tries = 200)
    void accountsAreExactAndNothingRunsTwice(@ForAll long seed) {
        World world = new World(new Random(seed));
        for (int i = 0; i < 150; i++) {
            world.step();
            world.check();
        }
    }

    /** The cluster's state, and what really exists on each node: instance id to epoch. */
    private static final class World {
        private final Random random;
        private final Map<String, Map<String, Long>> copies = new HashMap<>();
        private final Map<String, Long> epochs = new HashMap<>();
        private Snapshot now;
        private int made;

        World(Random random) {
            this.random = random;
            Snapshots nodes = Snapshots.empty();
            for (int i = 0; i < NODES; i++) {
                nodes.node("n" + i, node -> node.setCapacity(resources(2, 4 * GIB, 10 * GIB)));
                copies.put("n" + i, new HashMap<>());
            }
            now = nodes.done();
        }

        void step() {
            String node = "n" + random.nextInt(NODES);
            switch (random.nextInt(13)) {
                case 0, 1, 2 -> act(create());
                case 3 -> act(delete());
                case 4 -> act(run());
                case 5, 6, 7 -> live(node);
                case 8 -> act(admin(node));
                case 9 -> touch(node);
                case 10 -> fence(node);
                case 11 -> act(update());
                default -> reconcile();
            }
        }

        private void act(Action<?> action) {
            try {
                now = Acting.act(now, action).state();
            } catch (Fault refused) {
                // A refusal writes nothing, which is all that matters here.
                assertThat(refused.kind()).isNotEqualTo(Fault.Kind.UNIMPLEMENTED);
            }
        }

        private Fresh fresh() {
            return new Fresh(
                    Stream.generate(() -> id(made++)).limit(CreateInstance.IDS).toList(), at(1));
        }

        private String someInstance() {
            List<String> ids = new ArrayList<>(now.instances().keySet());
            return ids.isEmpty() ? "none" : ids.get(random.nextInt(ids.size()));
        }

        private Action<?> create() {
            boolean vm = random.nextBoolean();
            CreateInstanceRequest.Builder request =
                    CreateInstanceRequest.newBuilder()
                            .setName("name" + random.nextInt(20))
                            .setType(
                                    vm
                                            ? InstanceType.INSTANCE_TYPE_VM
                                            : InstanceType.INSTANCE_TYPE_CONTAINER)
                            .setSpec(
                                    InstanceSpec.newBuilder()
                                            .setImage("image")
                                            .setCpuCores(1 + random.nextInt(3))
                                            .setMemoryBytes((1 + random.nextInt(6)) * 256L * MIB))
                            .setQueue(random.nextBoolean());
            if (random.nextBoolean()) {
                request.getPlacementBuilder().setRelocation(Relocation.RELOCATION_RECREATE);
            }
            return new CreateInstance(
                    request.build(), fresh(), ByteString.EMPTY, NetworkConfig.defaults());
        }

        private Action<?> delete() {
            return new DeleteInstance(
                    DeleteInstanceRequest.newBuilder().setInstanceId(someInstance()).build(),
                    at(1));
        }

        private Action<?> run() {
            String id = someInstance();
            return switch (random.nextInt(3)) {
                case 0 ->
                        new StartInstance(
                                StartInstanceRequest.newBuilder().setInstanceId(id).build());
                case 1 ->
                        new StopInstance(
                                StopInstanceRequest.newBuilder().setInstanceId(id).build());
                default ->
                        new RestartInstance(
                                RestartInstanceRequest.newBuilder().setInstanceId(id).build());
            };
        }

        private Action<?> update() {
            return new UpdateInstance(
                    UpdateInstanceRequest.newBuilder()
                            .setInstanceId(someInstance())
                            .setSpec(
                                    InstanceSpec.newBuilder()
                                            .setCpuCores(1 + random.nextInt(3))
                                            .setMemoryBytes((1 + random.nextInt(6)) * 256L * MIB))
                            .setUpdateMask(
                                    FieldMask.newBuilder()
                                            .addPaths("spec.cpu_cores")
                                            .addPaths("spec.memory_bytes"))
                            .build(),
                    node -> false);
        }

        private Action<?> admin(String node) {
            return new UpdateNodeStatus(
                    UpdateNodeStatusRequest.newBuilder()
                            .setNodeId(node)
                            .setStatus(ADMIN.get(random.nextInt(ADMIN.size())))
                            .build(),
                    at(2));
        }

        private boolean inTouch(String node) {
            return !Require.outOfTouch(now, node);
        }

        /**
         * A node that loses touch keeps what it has; one that returns settles before it is READY.
         */
        private void touch(String node) {
            if (inTouch(node)) {
                act(new SetNodeHealth(node, NodeStatus.NODE_STATUS_UNREACHABLE, at(3)));
            } else {
                act(new SetNodeHealth(node, NodeStatus.NODE_STATUS_NOT_READY, at(4)));
                live(node);
                act(new SetNodeHealth(node, NodeStatus.NODE_STATUS_READY, at(5)));
            }
        }

        /** An honest operator: the machine is off. */
        private void fence(String node) {
            if (!inTouch(node)) {
                copies.get(node).clear();
                act(new FenceNode(FenceNodeRequest.newBuilder().setNodeId(node).build(), at(6)));
            }
        }

        private void reconcile() {
            for (String id : List.copyOf(now.instances().keySet())) {
                PlacementRecord placement = now.placement(id).orElseThrow().value();
                act(new EvictInstance(id));
                now.health(placement.getNodeId())
                        .filter(health -> health.value().getFenced())
                        .ifPresent(
                                health ->
                                        act(
                                                new ReleaseInstance(
                                                        id,
                                                        placement.getEpoch(),
                                                        "fenced",
                                                        at(1))));
                act(new PlaceUnplaced(id, fresh(), NetworkConfig.defaults()));
            }
        }

        /** A node in touch makes itself match its document, and reports. */
        private void live(String node) {
            if (!inTouch(node)) {
                return;
            }
            Map<String, Long> here = copies.get(node);
            here.keySet().retainAll(now.placedOn(node));
            NodeReport.Builder report = NodeReport.newBuilder().setFull(random.nextBoolean());
            for (String id : now.placedOn(node)) {
                InstanceRecord record = now.instance(id).orElseThrow().value();
                PlacementRecord placement = now.placement(id).orElseThrow().value();
                ObservedRecord.Builder seen =
                        ObservedRecord.newBuilder()
                                .setInstanceId(id)
                                .setEpoch(placement.getEpoch())
                                .setRunGeneration(record.getRunGeneration());
                if (record.getDeleting() || placement.getEvicting()) {
                    here.remove(id);
                    report.addObserved(seen.setGone(true));
                } else {
                    here.put(id, placement.getEpoch());
                    report.addObserved(seen.setState(stateOf(record)));
                }
            }
            act(new RecordReport(node, report.build(), at(7)));
        }

        private static InstanceState stateOf(InstanceRecord record) {
            return record.getRunIntent() == RunIntent.RUN_INTENT_RUNNING
                    ? InstanceState.INSTANCE_STATE_RUNNING
                    : InstanceState.INSTANCE_STATE_STOPPED;
        }

        void check() {
            checkAccounts();
            Set<String> names = new HashSet<>();
            for (Entry<InstanceRecord> entry : now.instances().values()) {
                String id = entry.value().getId();
                assertThat(names.add(entry.value().getName())).isTrue();
                assertThat(now.instanceByName(entry.value().getName())).contains(id);
                PlacementRecord placement = now.placement(id).orElseThrow().value();
                long last = epochs.getOrDefault(id, 0L);
                assertThat(placement.getEpoch()).isGreaterThanOrEqualTo(last);
                epochs.put(id, placement.getEpoch());
                assertThat(now.unplaced().contains(id)).isEqualTo(placement.getNodeId().isEmpty());
                assertThat(copies.values().stream().filter(node -> node.containsKey(id)))
                        .as("nodes that have %s", id)
                        .hasSizeLessThanOrEqualTo(1);
            }
        }

        private void checkAccounts() {
            Map<String, Resources> sums = new HashMap<>();
            for (String id : now.instances().keySet()) {
                PlacementRecord placement = now.placement(id).orElseThrow().value();
                sums.merge(placement.getNodeId(), placement.getReservation(), Amounts::plus);
            }
            for (Room room : now.rooms().all()) {
                Resources sum = sums.getOrDefault(room.id(), Resources.getDefaultInstance());
                assertThat(now.reservedOn(room.id())).isEqualTo(sum);
                assertThat(room.allocated()).isEqualTo(sum);
                assertThat(Amounts.fits(sum, room.allocatable())).isTrue();
            }
        }
    }
}
