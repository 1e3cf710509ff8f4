package io.hypervisor.sim;

import com.google.protobuf.Message;

import io.grpc.Channel;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.PlacementConfig;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/** A cluster whose whole history is written by hand. Two controllers; two nodes, "a" and "b". */
final class HandMade implements Cluster {
    static final InstanceSpec SPEC =
            InstanceSpec.newBuilder()
                    .setImage("run")
                    .setCpuCores(1)
                    .setMemoryBytes(1L << 30)
                    .build();

    private final List<Committed> history = new ArrayList<>();
    private final Map<String, Store.Stored> entries = new TreeMap<>();
    private final List<HandNode> nodes = List.of(new HandNode(0, "a"), new HandNode(1, "b"));
    final HandController leader = new HandController(0);
    final HandController follower = new HandController(1);
    long term = 1;

    /** Shows what the test says. */
    static final class HandController implements ControllerHost {
        private final int index;
        Optional<Shown> shown = Optional.empty();
        double counter;

        HandController(int index) {
            this.index = index;
        }

        void shows(Snapshot snapshot, boolean leading) {
            shown = Optional.of(new Shown(1, snapshot, leading));
        }

        @Override
        public int index() {
            return index;
        }

        @Override
        public Optional<Shown> shown() {
            return shown;
        }

        @Override
        public double counter(String name) {
            return counter;
        }
    }

    static final class HandNode implements NodeHost {
        private final int index;
        private final String hostname;
        final List<Found> world = new ArrayList<>();
        boolean powered = true;
        boolean foreign;
        int cores = SPEC.getCpuCores();
        Optional<Intent> intent = Optional.empty();

        HandNode(int index, String hostname) {
            this.index = index;
            this.hostname = hostname;
        }

        void runs(String id, long epoch) {
            has(id, epoch, 1, Found.State.RUNNING);
        }

        /** Instead of what it had. */
        void has(String id, long epoch, long generation, Found.State state) {
            world.removeIf(copy -> copy.instanceId().equals(id));
            world.add(
                    new Found(
                            id,
                            epoch,
                            generation,
                            false,
                            state,
                            Found.Exit.NONE,
                            OptionalInt.empty(),
                            "",
                            Optional.empty()));
        }

        @Override
        public int index() {
            return index;
        }

        @Override
        public String hostname() {
            return hostname;
        }

        @Override
        public boolean foreign() {
            return foreign;
        }

        @Override
        public boolean powered() {
            return powered;
        }

        @Override
        public void keepOff(boolean off) {}

        @Override
        public boolean agentUp() {
            return powered;
        }

        @Override
        public List<Found> world() {
            return List.copyOf(world);
        }

        @Override
        public int cores(String instanceId) {
            return cores;
        }

        @Override
        public Optional<Intent> intent() {
            return intent;
        }
    }

    HandNode node(int index) {
        return nodes.get(index);
    }

    /** Both nodes, READY, and the first leader. */
    HandMade withNodes() {
        commit(
                Edit.put(
                        Table.LEADER,
                        Table.SELF,
                        LeaderRecord.newBuilder().setHolder("1").build()));
        for (HandNode node : nodes) {
            commit(
                    Edit.put(Table.NODE, node.hostname, record(node.hostname)),
                    Edit.put(
                            Table.HEALTH,
                            node.hostname,
                            health(node.hostname, NodeStatus.NODE_STATUS_READY)));
        }
        return this;
    }

    static NodeRecord record(String id) {
        return NodeRecord.newBuilder()
                .setId(id)
                .setHostname(id)
                .setCapacity(Resources.newBuilder().setCpuCores(1).setMemoryBytes(16L << 30))
                .addSupportedInstanceTypes("container")
                .setAdminStatus(NodeStatus.NODE_STATUS_READY)
                .build();
    }

    static InstanceRecord instance(String id) {
        return InstanceRecord.newBuilder()
                .setId(id)
                .setName("name-" + id)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(SPEC)
                .setMetadata(
                        Metadata.newBuilder()
                                .putLabels("color", "blue")
                                .putAnnotations(Ledger.ATTEMPT, id))
                .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                .setRunGeneration(1)
                .build();
    }

    static CreateInstanceRequest request(String id) {
        return CreateInstanceRequest.newBuilder().setName("name-" + id).setSpec(SPEC).build();
    }

    static PlacementRecord placement(String id, String node, long epoch) {
        PlacementRecord.Builder placement =
                PlacementRecord.newBuilder().setInstanceId(id).setNodeId(node).setEpoch(epoch);
        if (!node.isEmpty()) {
            placement.setReservation(
                    PlacementConfig.defaults()
                            .reservation(InstanceType.INSTANCE_TYPE_CONTAINER, SPEC));
        }
        return placement.build();
    }

    /** A new instance on a node, or, without one, one that waits. */
    long create(String id, String node) {
        return commit(
                Edit.put(Table.INSTANCE, id, instance(id)),
                Edit.put(Table.PLACEMENT, id, placement(id, node, node.isEmpty() ? 0 : 1)));
    }

    long put(Table table, String id, Message value) {
        return commit(Edit.put(table, id, value));
    }

    /** A node is out of touch. */
    void unreachable(String node) {
        put(Table.HEALTH, node, health(node, NodeStatus.NODE_STATUS_UNREACHABLE));
    }

    private static NodeHealth health(String node, NodeStatus status) {
        return NodeHealth.newBuilder().setNodeId(node).setStatus(status).build();
    }

    long forget(String id) {
        return commit(Edit.delete(Table.INSTANCE, id), Edit.delete(Table.PLACEMENT, id));
    }

    long commit(Edit... edits) {
        long revision = revision() + 1;
        List<Store.Write> writes = List.of(edits).stream().map(Edit::toWrite).toList();
        for (Store.Write write : writes) {
            write.value()
                    .ifPresentOrElse(
                            value ->
                                    entries.put(
                                            write.key(),
                                            new Store.Stored(write.key(), value, revision)),
                            () -> entries.remove(write.key()));
        }
        history.add(new Committed(revision, writes, 0, term));
        return revision;
    }

    @Override
    public Clock clock() {
        return Clock.system();
    }

    @Override
    public List<ControllerHost> controllers() {
        return List.of(leader, follower);
    }

    @Override
    public List<NodeHost> nodes() {
        return List.copyOf(nodes);
    }

    @Override
    public long revision() {
        return history.isEmpty() ? 0 : history.getLast().revision();
    }

    @Override
    public Store.Loaded content() {
        return new Store.Loaded(revision(), List.copyOf(entries.values()));
    }

    @Override
    public List<Committed> committedAfter(long revision) {
        return history.stream().filter(each -> each.revision() > revision).toList();
    }

    @Override
    public Channel channel(int client, int controller) {
        throw new UnsupportedOperationException("nobody calls a hand-made cluster");
    }

    @Override
    public Tasks clients() {
        throw new UnsupportedOperationException("a hand-made cluster has no clients");
    }
}
