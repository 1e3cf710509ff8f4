package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.list;
import static io.hypervisor.cluster.Structs.number;
import static io.hypervisor.cluster.Structs.struct;
import static io.hypervisor.cluster.Structs.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;

import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

/** Three replicas over etcd, through kill -9 of leader, followers, etcd members and agents. */
@Tag("real")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReplicasTest {
    private static final String COMPUTE = "hypervisor.v1.ComputeService/";
    private static final String CLUSTER = "hypervisor.v1.ClusterService/";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int SIZE = ReplicatedCluster.SIZE;

    private Path data;
    private ReplicatedCluster cluster;
    private final ReflectionClient[] clients = new ReflectionClient[SIZE];
    // What was acknowledged: names and ids.
    private final Map<String, String> created = new TreeMap<>();
    private long[] vmReservation = {};
    private long[] containerReservation = {};
    private final List<String> nodes = new ArrayList<>();
    private int killedLeader;
    private int up = SIZE;

    @BeforeAll
    void start() throws IOException {
        data = Files.createTempDirectory("hv");
        cluster = new ReplicatedCluster(data);
        for (int i = 0; i < SIZE; i++) {
            clients[i] = cluster.controller(i);
        }
        Map<String, String> ids = new TreeMap<>();
        list(clients[0].call(CLUSTER + "ListNodes", "{}"), "nodes")
                .forEach(node -> ids.put(text(node, "hostname"), text(node, "id")));
        nodes.addAll(ids.values());
        vmReservation = reservation("plan-0");
        containerReservation = reservation("plan-2");
    }

    @AfterAll
    void stop() throws IOException {
        for (ReflectionClient client : clients) {
            client.close();
        }
        cluster.close();
        assertThat(ProcessHandle.current().descendants()).isEmpty();
        assertThat(Leftovers.of(data)).isEmpty();
        Leftovers.delete(data);
    }

    @Test
    @Order(1)
    void aFollowerForwardsWritesAndReadsItsOwnWrites() {
        int leader = cluster.leader(clients[0]);
        for (int i = 0; i < SIZE; i++) {
            // The leader too, so that each replica in turn has to wait for another's write.
            Struct instance = clients[i].call(COMPUTE + "CreateInstance", request("early-" + i));
            created.put("early-" + i, text(instance, "id"));
            for (ReflectionClient reader : clients) {
                Struct read =
                        reader.call(
                                COMPUTE + "GetInstance",
                                "{\"instance_id\": \"%s\", \"min_revision\": \"%s\"}"
                                        .formatted(text(instance, "id"), revision(instance)));
                assertThat(text(read, "name")).isEqualTo("early-" + i);
            }
            assertThat(cluster.leader(clients[i])).isEqualTo(leader);
        }
        awaitSettled();
    }

    @Test
    @Order(2)
    void nothingIsLostWhenTheLeaderIsKilled() {
        killedLeader = cluster.leader(clients[0]);
        int watched = (killedLeader + 1) % SIZE;
        InstanceWatch watch = new InstanceWatch();
        AtomicBoolean reading = new AtomicBoolean(true);
        // The common pool has one thread on small machines, which the end of a process needs too.
        Executor ownThread = reader -> Thread.ofVirtual().start(reader);
        List<CompletableFuture<List<String>>> readers = new ArrayList<>();
        try (ReflectionClient follower = cluster.controller(watched)) {
            CompletableFuture<Void> stream = watch.follow(follower.channel());
            for (int i = 0; i < SIZE; i++) {
                if (i != killedLeader) {
                    int replica = i;
                    readers.add(
                            CompletableFuture.supplyAsync(
                                    () -> reader(replica, reading), ownThread));
                }
            }
            IntStream.range(0, 15).forEach(i -> create("first-" + i));
            long killed = System.nanoTime();
            killController(killedLeader);
            create("second-0");
            System.out.printf(
                    "writes back after kill of the leader: %d ms%n",
                    (System.nanoTime() - killed) / 1_000_000);
            IntStream.range(1, 25).forEach(i -> create("second-" + i));
            awaitSettled();
            reading.set(false);
            readers.forEach(failures -> assertThat(failures.join()).isEmpty());
            awaitSeen(watch);
            assertThat(stream).isNotDone();
        } finally {
            reading.set(false);
        }
    }

    @Test
    @Order(3)
    void aKilledReplicaComesBackAsAFollower() {
        restartController(killedLeader);
        assertThat(cluster.leader(clients[killedLeader])).isNotEqualTo(killedLeader);
        awaitSettled();
    }

    @Test
    @Order(4)
    void aWatchGoesOnElsewhereWhenItsReplicaIsKilled() {
        int leader = cluster.leader(clients[0]);
        // The one that was up all the time: a replica keeps the changes since its own start.
        int lost = SIZE - killedLeader - leader;
        InstanceWatch watch = new InstanceWatch();
        ReflectionClient first = cluster.controller(lost);
        CompletableFuture<Void> stream = watch.follow(first.channel());
        IntStream.range(0, 6).forEach(i -> create("third-" + i));
        killController(lost);
        stream.join();
        first.close();
        IntStream.range(0, 6).forEach(i -> create("fourth-" + i));
        try (ReflectionClient second = cluster.controller(leader)) {
            CompletableFuture<Void> resumed = watch.follow(second.channel());
            awaitSettled();
            awaitSeen(watch);
            assertThat(resumed).isNotDone();
        }
        restartController(lost);
        awaitSettled();
    }

    @Test
    @Order(5)
    void aKilledEtcdMemberDoesNotMatter() {
        for (int member = 0; member < SIZE; member++) {
            cluster.etcd.kill(member);
            create("member-" + member);
            awaitSettled();
            cluster.etcd.restart(member);
        }
        awaitSettled();
    }

    @Test
    @Order(6)
    void killedAgentsKeepTheirInstances() {
        Map<String, String> before = placements();
        cluster.killAgent(0);
        cluster.killAgent(1);
        cluster.startAgent(0);
        cluster.startAgent(1);
        awaitSettled();
        assertThat(placements()).isEqualTo(before);
    }

    @Test
    @Order(7)
    void nothingMovesWhenANodeIsOutOfTouch() {
        Map<String, String> before = placements();
        String dead = nodes.get(2);
        cluster.killAgent(2);
        await(() -> assertThat(text(node(dead), "status")).isEqualTo("NODE_STATUS_UNREACHABLE"));
        await(
                () ->
                        assertThat(instances(clients[0]))
                                .allSatisfy(
                                        instance ->
                                                assertThat(text(instance, "state"))
                                                        .isEqualTo(
                                                                text(instance, "node_id")
                                                                                .equals(dead)
                                                                        ? "INSTANCE_STATE_UNKNOWN"
                                                                        : "INSTANCE_STATE_RUNNING")));
        assertThat(placements()).isEqualTo(before);
        cluster.startAgent(2);
        awaitSettled();
        assertThat(placements()).isEqualTo(before);
    }

    @Test
    @Order(8)
    void aDrainMovesWhatMayMoveAndNamesTheRest() {
        Map<String, String> before = placements();
        String drained = nodes.get(1);
        List<String> stay = new ArrayList<>();
        List<String> move = new ArrayList<>();
        before.forEach(
                (name, placement) -> {
                    if (placement.equals(drained + " 1")) {
                        (movable(name) ? move : stay).add(name);
                    }
                });
        assertThat(stay).isNotEmpty();
        assertThat(move).isNotEmpty();
        setStatus(drained, "NODE_STATUS_CORDONED");
        assertThat(placements()).isEqualTo(before);
        setStatus(drained, "NODE_STATUS_DRAINING");
        await(
                () ->
                        assertThat(list(node(drained), "drain_blockers"))
                                .extracting(blocker -> text(blocker, "instance_id"))
                                .containsExactlyInAnyOrderElementsOf(
                                        stay.stream().map(created::get).toList()));
        assertThat(list(node(drained), "drain_blockers"))
                .allMatch(blocker -> text(blocker, "reason").contains("KEEP"));
        awaitSettled();
        Map<String, String> after = placements();
        assertThat(move)
                .allSatisfy(
                        name ->
                                assertThat(after.get(name))
                                        .endsWith(" 2")
                                        .doesNotStartWith(drained));
        before.keySet().removeAll(move);
        assertThat(after).containsAllEntriesOf(before);
    }

    // ---- what clients do

    /** Every second one may move; every second pair is of VMs. */
    private static String request(String name) {
        return """
        {"name": "%s", "request_id": "%s", "type": "INSTANCE_TYPE_%s",
         "spec": {"image": "run", "memory_bytes": "33554432"},
         "placement": {"relocation": "RELOCATION_%s"}}
        """
                .formatted(
                        name,
                        name,
                        vm(name) ? "VM" : "CONTAINER",
                        movable(name) ? "RECREATE" : "KEEP");
    }

    private static int ordinal(String name) {
        return Integer.parseInt(name.substring(name.indexOf('-') + 1));
    }

    private static boolean vm(String name) {
        return ordinal(name) / 2 % 2 == 0;
    }

    private static boolean movable(String name) {
        return ordinal(name) % 2 == 0;
    }

    /** Creates on any replica, again and again until one acknowledges. */
    private void create(String name) {
        long begun = System.nanoTime();
        for (int turn = created.size(); ; turn++) {
            try {
                Struct instance =
                        clients[turn % SIZE].call(COMPUTE + "CreateInstance", request(name));
                created.put(name, text(instance, "id"));
                return;
            } catch (RuntimeException e) {
                if (!ReplicatedCluster.unavailable(e)
                        || System.nanoTime() - begun > PATIENCE.toNanos()) {
                    throw e;
                }
            }
        }
    }

    /** Reads from one replica until told to stop; returns what failed. */
    private List<String> reader(int replica, AtomicBoolean reading) {
        List<String> failures = new ArrayList<>();
        int reads = 0;
        String known = created.get("early-0");
        try (ReflectionClient client = cluster.controller(replica)) {
            while (reading.get()) {
                try {
                    client.call(COMPUTE + "GetInstance", "{\"instance_id\": \"" + known + "\"}");
                    instances(client);
                    reads++;
                } catch (RuntimeException e) {
                    failures.add(e.toString());
                }
            }
        }
        assertThat(reads).isPositive();
        return failures;
    }

    private void killController(int index) {
        cluster.killController(index);
        up--;
    }

    private void restartController(int index) {
        cluster.startController(index);
        cluster.awaitReady(index);
        clients[index].close();
        clients[index] = cluster.controller(index);
        up++;
    }

    // ---- what must be true

    /** Waits until every replica that is up, the nodes and the sums agree with the acknowledged. */
    private void awaitSettled() {
        await(
                () -> {
                    int answers = 0;
                    for (ReflectionClient client : clients) {
                        try {
                            check(client);
                            answers++;
                        } catch (RuntimeException e) {
                            if (!ReplicatedCluster.unavailable(e)) {
                                throw e;
                            }
                        }
                    }
                    assertThat(answers).isEqualTo(up);
                });
    }

    private static void await(ThrowingRunnable check) {
        Awaitility.await().atMost(PATIENCE).untilAsserted(check);
    }

    private void check(ReflectionClient client) {
        Struct answer = client.call(COMPUTE + "ListInstances", "{\"page_size\": 100}");
        List<Struct> instances = list(answer, "instances");
        Map<String, String> listed = new TreeMap<>();
        instances.forEach(one -> listed.put(text(one, "name"), text(one, "id")));
        assertThat(listed).isEqualTo(created);
        assertThat(instances).hasSize(created.size());
        assertThat(number(answer, "total_count")).isEqualTo(created.size());
        assertThat(instances)
                .extracting(one -> text(one, "state"))
                .containsOnly("INSTANCE_STATE_RUNNING");
        assertThat(running()).containsExactlyInAnyOrderElementsOf(copies(instances));
        checkSums(client, instances);
    }

    /** What the nodes themselves say: "node id, instance id" of all that runs there. */
    private List<String> running() {
        List<String> copies = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            try (ReflectionClient door = cluster.agent(i)) {
                Struct held = door.call("hypervisor.v1.AgentService/ListInstances", "{}");
                assertThat(list(held, "instances"))
                        .allMatch(one -> text(one, "state").equals("INSTANCE_STATE_RUNNING"));
                String node = nodes.get(i);
                list(held, "instances").forEach(one -> copies.add(node + " " + text(one, "id")));
            }
        }
        return copies;
    }

    private static List<String> copies(List<Struct> instances) {
        return instances.stream().map(one -> text(one, "node_id") + " " + text(one, "id")).toList();
    }

    private void checkSums(ReflectionClient client, List<Struct> instances) {
        Map<String, long[]> expected = new HashMap<>();
        for (Struct instance : instances) {
            add(
                    expected.computeIfAbsent(text(instance, "node_id"), id -> new long[3]),
                    vm(text(instance, "name")) ? vmReservation : containerReservation);
        }
        long[] total = new long[3];
        for (Struct node : list(client.call(CLUSTER + "ListNodes", "{}"), "nodes")) {
            long[] allocated = amounts(struct(node, "allocated"));
            assertThat(allocated).isEqualTo(expected.getOrDefault(text(node, "id"), new long[3]));
            add(total, allocated);
        }
        Struct info = client.call(CLUSTER + "GetClusterInfo", "{}");
        assertThat(amounts(struct(info, "total_allocated"))).isEqualTo(total);
        assertThat(number(info, "running_instances")).isEqualTo(created.size());
    }

    private long[] reservation(String name) {
        Struct plan = clients[0].call(COMPUTE + "PlanInstance", request(name));
        return amounts(struct(plan, "reservation"));
    }

    private static long[] amounts(Struct resources) {
        return new long[] {
            number(resources, "cpu_cores"),
            Long.parseLong(text(resources, "memory_bytes")),
            Long.parseLong(text(resources, "disk_bytes"))
        };
    }

    private static void add(long[] sum, long[] amounts) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += amounts[i];
        }
    }

    /** All that exists was ADDED once, MODIFIED afterwards, and seen RUNNING; nothing else came. */
    private void awaitSeen(InstanceWatch watch) {
        await(() -> assertThat(created.values()).allMatch(watch::sawRunning));
        assertThat(watch.faults()).isEmpty();
        for (String id : created.values()) {
            List<String> types = watch.typesOf(id);
            assertThat(types).first().isEqualTo("EVENT_TYPE_ADDED");
            assertThat(types.subList(1, types.size())).allMatch("EVENT_TYPE_MODIFIED"::equals);
        }
    }

    // ---- short ways

    private static List<Struct> instances(ReflectionClient client) {
        return list(client.call(COMPUTE + "ListInstances", "{\"page_size\": 100}"), "instances");
    }

    /** Where everything is: node and epoch, by name. */
    private Map<String, String> placements() {
        Map<String, String> placements = new TreeMap<>();
        for (Struct one : instances(clients[0])) {
            placements.put(text(one, "name"), text(one, "node_id") + " " + text(one, "epoch"));
        }
        return placements;
    }

    private Struct node(String id) {
        return clients[0].call(CLUSTER + "GetNode", "{\"node_id\": \"" + id + "\"}");
    }

    private void setStatus(String node, String status) {
        clients[0].call(
                CLUSTER + "UpdateNodeStatus",
                "{\"node_id\": \"%s\", \"status\": \"%s\"}".formatted(node, status));
    }

    private static String revision(Struct instance) {
        return text(instance, "revision");
    }
}
