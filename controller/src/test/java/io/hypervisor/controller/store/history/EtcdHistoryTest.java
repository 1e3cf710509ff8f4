package io.hypervisor.controller.store.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.etcd.EtcdCluster;
import io.hypervisor.controller.store.etcd.EtcdConfig;
import io.hypervisor.controller.store.etcd.EtcdStore;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Three candidates over three etcd members that are killed, stopped and compacted. */
@Tag("real")
class EtcdHistoryTest {
    private static final int CANDIDATES = 3;
    private static final int WATCHERS = 6;

    private final Run run = Run.of("etcd", 0.25);
    private final Tasks tasks = new VirtualTasks();

    @Test
    void keepsItsPromises() throws Exception {
        try (EtcdCluster cluster = EtcdCluster.start(3);
                tasks) {
            EtcdFaults faults = new EtcdFaults(cluster, run.seed());
            for (int round = 1; run.more(); round++) {
                round(cluster, faults, "/history-" + round + "/");
            }
            assertThat(faults.allHappened()).isTrue();
            run.print("faults=" + faults.dealt());
        }
    }

    private void round(EtcdCluster cluster, EtcdFaults faults, String prefix) throws IOException {
        List<Freezer> freezers =
                Stream.generate(() -> new Freezer(tasks)).limit(CANDIDATES).toList();
        List<Store> stores = new ArrayList<>();
        freezers.forEach(freezer -> stores.add(connect(cluster, prefix, freezer)));
        try {
            Store.Loaded start = stores.getFirst().load();
            Recording recording = new Recording(start);
            Workload workload = new Workload(recording, run.nextSeed(), tasks, run.nextRound());
            EtcdTruth truth = new EtcdTruth(cluster, prefix, start.revision());
            stores.forEach(store -> workload.join(store, 1));
            workload.begin(WATCHERS);
            while (!workload.done() || !faults.allHappened()) {
                workload.go(800, Duration.ofSeconds(4));
                faults.next(workload, truth, recording, freezers);
            }
            workload.finish();
            recording.load(stores.getLast());
            long end = truth.read(0);
            Soon.is(Duration.ofSeconds(60), () -> recording.caughtUp(end));
            run.judge(recording, recording.history(truth.changes(), truth.reigns()));
        } finally {
            stores.forEach(Store::close);
        }
    }

    private static Store connect(EtcdCluster cluster, String prefix, Freezer freezer) {
        EtcdConfig usual = EtcdConfig.of(cluster.endpoints(), prefix);
        EtcdConfig config =
                new EtcdConfig(
                        usual.endpoints(),
                        prefix,
                        usual.tls(),
                        Optional.empty(),
                        Duration.ofSeconds(2),
                        usual.timeout(),
                        usual.keepRevisions());
        return new EtcdStore(config, freezer.tasks(), freezer.clock(), new SimpleMeterRegistry());
    }
}
