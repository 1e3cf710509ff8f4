package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;

import io.grpc.ManagedChannel;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.Resources;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Three controllers, three etcd members, twenty agents, and thousands of instances that come and go
 * while one leader after the other is killed. Nothing acknowledged is lost, nothing exists twice,
 * nothing is left over, and who reads at another replica does not notice.
 */
@Tag("real")
class ClusterTest {
    private static final int NODES = 20;
    private static final int INSTANCES = Integer.getInteger("cluster.instances", 10_000);
    private static final int KILLS = 3;
    private static final int WORKERS = 48;
    private static final int POPULATION = Math.min(600, INSTANCES / 10);
    private static final int SIZE = ReplicatedCluster.SIZE;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Path data;
    private ReplicatedCluster cluster;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<ReplicaReader> readers = new ArrayList<>();
    private final List<InstanceWatch> watches = new ArrayList<>();
    private final List<CompletableFuture<Void>> streams = new ArrayList<>();
    private Workload workload;
    private volatile boolean over;

    @BeforeEach
    void start() throws IOException {
        data = Files.createTempDirectory("hv");
        cluster = new ReplicatedCluster(data, NODES, NODES);
        IntStream.range(0, SIZE).forEach(i -> channels.add(cluster.channel(i)));
        workload = new Workload(channels);
    }

    @AfterEach
    void stop() throws IOException {
        over = true;
        for (ReplicaReader reader : readers) {
            reader.close();
        }
        channels.forEach(ManagedChannel::shutdownNow);
        cluster.close();
        assertThat(Leftovers.of(data)).isEmpty();
        Leftovers.delete(data);
    }

    @Test
    void accountingIsExactThroughKillsOfLeadersAndARollingRestart() {
        String anchor = workload.create("anchor").getId();
        channels.forEach(channel -> readers.add(new ReplicaReader(channel, anchor)));
        for (int i = 0; i < SIZE; i++) {
            InstanceWatch watch = new InstanceWatch();
            watches.add(watch);
            streams.add(wander(watch, i));
        }
        for (int kill = 1; kill <= KILLS; kill++) {
            int half = workload.acknowledged() + INSTANCES / KILLS / 2;
            CompletableFuture<Void> run =
                    workload.run(WORKERS, INSTANCES * kill / KILLS, POPULATION);
            awaitTrue(() -> workload.acknowledged() >= half);
            killLeader();
            run.join();
        }
        System.out.printf(
                "%d created, %d calls sent again%n", workload.acknowledged(), workload.retried());
        assertThat(workload.acknowledged()).isEqualTo(INSTANCES + 1);
        awaitExactly(expected(anchor));

        for (int i = 0; i < SIZE; i++) {
            rolling(i);
        }
        awaitExactly(expected(anchor));

        workload.drain(WORKERS).join();
        awaitExactly(Map.of("anchor", anchor));
        checkReaders();
        workload.delete(anchor);
        awaitExactly(Map.of());
        awaitWatchesSawAll();
        checkStore();
        assertThat(workload.problems()).isEmpty();
    }

    // ---- what happens to the replicas

    private void killLeader() {
        int leader = leader();
        readers.get(leader).down(true);
        int before = workload.acknowledged();
        long killed = System.nanoTime();
        cluster.killController(leader);
        // More than those that were answered already.
        awaitTrue(() -> workload.acknowledged() > before + WORKERS);
        System.out.printf(
                "leader killed, %d creates acknowledged %d ms later%n",
                workload.acknowledged() - before, (System.nanoTime() - killed) / 1_000_000);
        back(leader);
    }

    /** An orderly stop and start. */
    private void rolling(int replica) {
        readers.get(replica).down(true);
        cluster.stopController(replica);
        back(replica);
    }

    private void back(int replica) {
        cluster.startController(replica);
        cluster.awaitReady(replica);
        ReplicaReader reader = readers.get(replica);
        int reads = reader.reads();
        // The connection has to be made again first.
        awaitTrue(() -> reader.reads() > reads + 1);
        reader.down(false);
    }

    private int leader() {
        try (ReflectionClient client = cluster.controller(0)) {
            return cluster.leader(client);
        }
    }

    /** Follows one replica after the other, as a client with three addresses does. */
    private CompletableFuture<Void> wander(InstanceWatch watch, int first) {
        return CompletableFuture.runAsync(
                () -> {
                    for (int replica = first; !over; replica++) {
                        watch.follow(channels.get(replica % SIZE)).join();
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    // ---- what must be true

    private Map<String, String> expected(String anchor) {
        Map<String, String> expected = workload.alive();
        expected.put("anchor", anchor);
        return expected;
    }

    /** Waits until replicas, nodes and sums show these instances and nothing else. */
    private void awaitExactly(Map<String, String> expected) {
        Resources each =
                ComputeServiceGrpc.newBlockingStub(channels.getFirst())
                        .planInstance(Workload.request("plan"))
                        .getReservation();
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> {
                            for (ManagedChannel replica : channels) {
                                check(replica, expected, each);
                            }
                        });
    }

    private void check(ManagedChannel replica, Map<String, String> expected, Resources each) {
        List<Instance> listed = list(replica);
        Map<String, String> ids = new TreeMap<>();
        Map<String, List<String>> byNode = new HashMap<>();
        for (Instance instance : listed) {
            ids.put(instance.getName(), instance.getId());
            byNode.computeIfAbsent(instance.getNodeId(), id -> new ArrayList<>())
                    .add(instance.getId());
        }
        assertThat(ids).isEqualTo(expected);
        assertThat(listed).hasSize(expected.size());
        assertThat(listed).allMatch(i -> i.getState() == InstanceState.INSTANCE_STATE_RUNNING);
        List<Node> nodes = nodes(replica);
        assertThat(nodes).hasSize(NODES);
        for (Node node : nodes) {
            List<String> placed = byNode.getOrDefault(node.getId(), List.of());
            assertThat(node.getInstanceCount()).isEqualTo(placed.size());
            assertThat(node.getAllocated().getCpuCores())
                    .isEqualTo(placed.size() * each.getCpuCores());
            assertThat(node.getAllocated().getMemoryBytes())
                    .isEqualTo(placed.size() * each.getMemoryBytes());
            int index = Integer.parseInt(node.getHostname().substring("node-".length()));
            assertThat(cluster.held(index)).containsExactlyInAnyOrderElementsOf(placed);
        }
    }

    private static List<Instance> list(ManagedChannel replica) {
        List<Instance> listed = new ArrayList<>();
        String token = "";
        do {
            ListInstancesResponse page =
                    ComputeServiceGrpc.newBlockingStub(replica)
                            .withDeadlineAfter(20, TimeUnit.SECONDS)
                            .listInstances(
                                    ListInstancesRequest.newBuilder()
                                            .setPageSize(100)
                                            .setPageToken(token)
                                            .build());
            listed.addAll(page.getInstancesList());
            token = page.getNextPageToken();
        } while (!token.isEmpty());
        return listed;
    }

    private static List<Node> nodes(ManagedChannel replica) {
        return ClusterServiceGrpc.newBlockingStub(replica)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .listNodes(ListNodesRequest.newBuilder().setPageSize(100).build())
                .getNodesList();
    }

    private void checkReaders() {
        for (ReplicaReader reader : readers) {
            assertThat(reader.failures()).isEmpty();
            assertThat(reader.reads()).isPositive();
        }
        readers.forEach(ReplicaReader::end);
    }

    /** Every watch saw what was acknowledged, and nothing else, come once and go once. */
    private void awaitWatchesSawAll() {
        for (InstanceWatch watch : watches) {
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(watch.ids())
                                            .containsExactlyInAnyOrderElementsOf(
                                                    workload.created().values()));
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(watch.ids())
                                            .allMatch(
                                                    id ->
                                                            watch.typesOf(id)
                                                                    .getLast()
                                                                    .equals("EVENT_TYPE_DELETED")));
            assertThat(watch.faults()).isEmpty();
            for (String id : watch.ids()) {
                List<String> types = watch.typesOf(id);
                assertThat(types.getFirst()).isEqualTo("EVENT_TYPE_ADDED");
                assertThat(types.subList(1, types.size() - 1))
                        .allMatch("EVENT_TYPE_MODIFIED"::equals);
            }
        }
        assertThat(streams).noneMatch(CompletableFuture::isDone);
    }

    /**
     * Of instances, their places, addresses and what was seen of them the store keeps nothing; of
     * networks, the default one with the address of its gateway.
     */
    private void checkStore() {
        assertThat(cluster.stored())
                .extracting(entry -> entry.key().substring(0, entry.key().indexOf('/')))
                .containsOnly(
                        "cluster",
                        "leader",
                        "history",
                        "node",
                        "health",
                        "network",
                        "subnet",
                        "allocation")
                .containsOnlyOnce("network", "subnet", "allocation");
        assertThat(
                        ClusterServiceGrpc.newBlockingStub(channels.getFirst())
                                .getClusterInfo(Empty.getDefaultInstance())
                                .getTotalInstances())
                .isZero();
    }

    private static void awaitTrue(Callable<Boolean> condition) {
        await().atMost(PATIENCE).until(condition);
    }
}
