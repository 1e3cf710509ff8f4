package io.hypervisor.controller.store.history;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.local.LocalStore;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/** Candidates of one process over a SQLite file; the process is killed again and again. */
@Tag("real")
class LocalHistoryTest {
    private static final int CANDIDATES = 3;
    private static final int WATCHERS = 4;

    @TempDir Path folder;
    private final Run run = Run.of("sqlite", 0.75);

    @Test
    void keepsItsPromises() throws Exception {
        SplittableRandom random = new SplittableRandom(run.seed());
        int kills = 0;
        try (Tasks tasks = new VirtualTasks()) {
            for (int round = 1; run.more(); round++) {
                kills += round(folder.resolve("state-" + round + ".db"), tasks, random);
            }
        }
        run.print("kills=" + kills);
    }

    private int round(Path file, Tasks tasks, SplittableRandom random) throws Exception {
        LocalStore.open(file, tasks).close();
        LocalTruth.install(file);
        RemoteStore store = new RemoteStore(StoreProcess.start(file));
        int kills = 0;
        try {
            Recording recording = new Recording(store.load());
            Workload workload = new Workload(recording, run.nextSeed(), tasks, run.nextRound());
            workload.join(store, CANDIDATES);
            workload.begin(WATCHERS);
            while (!workload.done()) {
                workload.go(random.nextInt(6000), Duration.ofSeconds(5));
                store.kill();
                workload.leave(store);
                kills++;
                store = new RemoteStore(StoreProcess.start(file));
                // History is in memory: whoever was behind has lost what came before.
                recording.load(store).map(Store.Loaded::revision).ifPresent(recording::forget);
                workload.join(store, CANDIDATES);
            }
            workload.finish();
            long end = recording.load(store).map(Store.Loaded::revision).orElseThrow();
            Soon.is(Duration.ofSeconds(60), () -> recording.caughtUp(end));
            store.kill();
            run.judge(recording, recording.history(LocalTruth.read(file), List.of()));
        } finally {
            store.kill();
        }
        return kills;
    }
}
