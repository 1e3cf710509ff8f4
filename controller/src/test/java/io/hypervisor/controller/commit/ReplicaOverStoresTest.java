package io.hypervisor.controller.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.etcd.EtcdCluster;
import io.hypervisor.controller.store.etcd.EtcdConfig;
import io.hypervisor.controller.store.etcd.EtcdStore;
import io.hypervisor.controller.store.local.LocalStore;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Replicas over the stores that they run on. */
class ReplicaOverStoresTest {
    private final Tasks tasks = new VirtualTasks();
    private final List<Replica> replicas = new CopyOnWriteArrayList<>();
    private final List<Store> stores = new CopyOnWriteArrayList<>();

    @AfterEach
    void stop() {
        replicas.forEach(Replica::close);
        stores.forEach(Store::close);
        tasks.close();
    }

    private Replica replica(Store store, String name) {
        Replica replica =
                new Replica(
                        store,
                        new ReplicaConfig("test", name + ":1", name),
                        tasks,
                        Clock.system(),
                        new Ids(Clock.system(), RandomGenerator.getDefault()),
                        new SimpleMeterRegistry());
        stores.add(store);
        replicas.add(replica);
        replica.start();
        return replica;
    }

    @Test
    void aLoneReplicaOnSqliteGoesOnWhereItStopped(@TempDir Path folder) {
        Path file = folder.resolve("state.db");
        Replica first = replica(LocalStore.open(file, tasks), "a");
        await().until(first::leading);
        var futures =
                IntStream.range(0, 500).mapToObj(i -> first.submit(Counter.add("x"))).toList();
        futures.forEach(future -> future.join());
        Snapshot before = first.snapshot();
        first.close();
        stores.getFirst().close();

        Replica second = replica(LocalStore.open(file, tasks), "a");
        await().until(second::leading);
        assertThat(second.snapshot().cluster()).isEqualTo(before.cluster());
        assertThat(second.term()).isGreaterThan(first.term());
        assertThat(second.submit(Counter.add("x")).join()).isEqualTo(501);
    }

    @Test
    @Tag("real")
    void threeReplicasOnEtcdAccountForEverythingAcknowledged() throws Exception {
        try (EtcdCluster cluster = EtcdCluster.start(1)) {
            for (int i = 0; i < 3; i++) {
                replica(etcd(cluster), "r" + i);
            }
            Iterator<Runnable> troubles =
                    List.<Runnable>of(
                                    () -> replaceLeader(cluster),
                                    () -> hang(cluster),
                                    () -> restart(cluster))
                            .iterator();
            Tally tally = new Tally(replicas);
            tally.run(tasks, 8, 200, () -> troubles.next().run());

            Snapshot truth = Loading.snapshot(stores.getLast().load());
            tally.assertStored(Counter.value(truth, "x"));
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () ->
                                    assertThat(replicas)
                                            .map(one -> one.snapshot().instances())
                                            .containsOnly(truth.instances()));
            replicas.forEach(Replica::close);
        }
    }

    private EtcdStore etcd(EtcdCluster cluster) {
        return new EtcdStore(
                EtcdConfig.of(cluster.endpoints(), "/test/"),
                tasks,
                Clock.system(),
                new SimpleMeterRegistry());
    }

    private void replaceLeader(EtcdCluster cluster) {
        awaitLeader();
        Replica old = replicas.stream().filter(Replica::leading).findFirst().orElseThrow();
        replicas.remove(old);
        old.close();
        replica(etcd(cluster), "r3");
        awaitLeader();
    }

    private void hang(EtcdCluster cluster) {
        cluster.pause(0);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> replicas.stream().noneMatch(Replica::leading));
        cluster.resume(0);
        awaitLeader();
    }

    private void restart(EtcdCluster cluster) {
        cluster.kill(0);
        cluster.restart(0);
        awaitLeader();
    }

    private void awaitLeader() {
        await().atMost(Duration.ofSeconds(20))
                .until(() -> replicas.stream().anyMatch(Replica::leading));
    }
}
