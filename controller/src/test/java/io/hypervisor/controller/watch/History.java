package io.hypervisor.controller.watch;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.state.Views;
import io.hypervisor.controller.testkit.ManualClock;
import io.hypervisor.controller.testkit.ManualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** A cluster's commits, made one by one, and a hub that hears of them. All in one thread. */
final class History {
    private static final Duration BOOKMARKS = Duration.ofSeconds(10);
    private static final Resources SIZE =
            Resources.newBuilder().setCpuCores(2).setMemoryBytes(1 << 30).build();

    private final ManualClock clock = new ManualClock();
    private final ManualTasks tasks = new ManualTasks(clock);
    private final WatchHub hub;
    private final Map<Long, Snapshot> snapshots = new HashMap<>();
    private Snapshot now = Snapshot.empty().with(1, List.of());

    History(int ring) {
        hub = new WatchHub(ring, BOOKMARKS, clock, tasks, new SimpleMeterRegistry());
        hub.reset(now);
        snapshots.put(1L, now);
    }

    long first() {
        return 1;
    }

    long revision() {
        return now.revision();
    }

    Map<String, Instance> instances() {
        return instancesOf(now);
    }

    Map<String, Instance> instancesAt(long revision) {
        return instancesOf(snapshots.get(revision));
    }

    private static Map<String, Instance> instancesOf(Snapshot snapshot) {
        Map<String, Instance> all = new TreeMap<>();
        snapshot.instances()
                .keySet()
                .forEach(id -> all.put(id, Views.instance(snapshot, id).orElseThrow()));
        snapshot.locals()
                .keySet()
                .forEach(id -> all.put(id, Views.instance(snapshot, id).orElseThrow()));
        return all;
    }

    Reader<InstanceEvent> watchInstances(Filter<Instance> filter, long resume) {
        Reader<InstanceEvent> reader = new Reader<>();
        reader.of(hub.watchInstances(filter, resume, reader));
        return reader;
    }

    Reader<NodeEvent> watchNodes(Filter<Node> filter, long resume) {
        Reader<NodeEvent> reader = new Reader<>();
        reader.of(hub.watchNodes(filter, resume, reader));
        return reader;
    }

    void settle() {
        tasks.run();
    }

    void tick() {
        tasks.advance(BOOKMARKS);
    }

    void reset() {
        hub.reset(now);
        settle();
    }

    void close() {
        hub.close();
        settle();
    }

    void node(String id, NodeStatus status) {
        commit(
                Edit.put(
                        Table.NODE,
                        id,
                        NodeRecord.newBuilder()
                                .setId(id)
                                .setHostname(id)
                                .setCapacity(SIZE)
                                .setAdminStatus(NodeStatus.NODE_STATUS_READY)
                                .build()),
                health(id, status));
    }

    private static Edit health(String id, NodeStatus status) {
        return Edit.put(
                Table.HEALTH, id, NodeHealth.newBuilder().setNodeId(id).setStatus(status).build());
    }

    void create(String id, String node) {
        commit(createEdits(id, node).toArray(Edit[]::new));
    }

    private static List<Edit> createEdits(String id, String node) {
        return List.of(
                Edit.put(
                        Table.INSTANCE,
                        id,
                        InstanceRecord.newBuilder()
                                .setId(id)
                                .setName(id)
                                .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                                .build()),
                Edit.put(
                        Table.PLACEMENT,
                        id,
                        PlacementRecord.newBuilder()
                                .setInstanceId(id)
                                .setNodeId(node)
                                .setEpoch(1)
                                .setReservation(SIZE)
                                .build()));
    }

    void observe(String id, InstanceState state) {
        commit(observed(id, state));
    }

    private static Edit observed(String id, InstanceState state) {
        return Edit.put(
                Table.OBSERVED,
                id,
                ObservedRecord.newBuilder().setInstanceId(id).setEpoch(1).setState(state).build());
    }

    void delete(String id) {
        commit(deleteEdits(id).toArray(Edit[]::new));
    }

    private static List<Edit> deleteEdits(String id) {
        return List.of(
                Edit.delete(Table.INSTANCE, id),
                Edit.delete(Table.PLACEMENT, id),
                Edit.delete(Table.OBSERVED, id));
    }

    /**
     * Random commits, with readers that stall and go on at random, and are caught up at the end.
     */
    void run(Random random, int steps, Reader<?>... readers) {
        for (int i = 0; i < 3; i++) {
            node("n" + i, NodeStatus.NODE_STATUS_READY);
        }
        for (int i = 0; i < steps; i++) {
            for (Reader<?> reader : readers) {
                if (random.nextInt(4) == 0) {
                    reader.stall(random.nextBoolean());
                }
            }
            Map<String, List<Edit>> edits = new TreeMap<>();
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                String id = "i" + random.nextInt(6);
                edits.put(id, randomEdits(random, id));
            }
            List<Edit> all = new ArrayList<>();
            edits.values().forEach(all::addAll);
            if (random.nextInt(5) == 0) {
                String node = "n" + random.nextInt(3);
                all.add(
                        health(
                                node,
                                random.nextBoolean()
                                        ? NodeStatus.NODE_STATUS_READY
                                        : NodeStatus.NODE_STATUS_UNREACHABLE));
            }
            commit(all.toArray(Edit[]::new));
            if (random.nextInt(10) == 0) {
                tick();
            }
        }
        for (Reader<?> reader : readers) {
            reader.stall(false);
        }
        settle();
    }

    private List<Edit> randomEdits(Random random, String id) {
        if (now.instance(id).isEmpty()) {
            return random.nextInt(4) == 0 ? local(random, id) : createOrNot(random, id);
        }
        return switch (random.nextInt(4)) {
            case 0 -> deleteEdits(id);
            case 1 -> List.of(observed(id, InstanceState.INSTANCE_STATE_FAILED));
            case 2 -> createEdits(id, "n" + random.nextInt(3));
            default -> List.of(observed(id, InstanceState.INSTANCE_STATE_RUNNING));
        };
    }

    private List<Edit> createOrNot(Random random, String id) {
        return now.locals().containsKey(id)
                ? List.of(Edit.delete(Table.LOCAL, id))
                : createEdits(id, "n" + random.nextInt(3));
    }

    private static List<Edit> local(Random random, String id) {
        return List.of(
                Edit.put(
                        Table.LOCAL,
                        id,
                        LocalRecord.newBuilder()
                                .setNodeId("n" + random.nextInt(3))
                                .setInstance(Instance.newBuilder().setId(id).setName(id))
                                .build()));
    }

    private void commit(Edit... edits) {
        Snapshot before = now;
        now = before.with(before.revision() + 1, List.of(edits));
        snapshots.put(now.revision(), now);
        hub.changed(before, now, List.of(edits));
        settle();
    }
}
