package io.hypervisor.bench;

import io.hypervisor.bench.Processes.Started;
import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.core.Clock;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Supplier;

/** From the start of a process until it serves, and what it holds then. */
final class Starting implements Benchmark {
    private static final double MIB = 1 << 20;
    // Until what only the start needed has gone.
    private static final Duration SETTLE = Duration.ofSeconds(3);

    private final Clock clock = Clock.system();

    @Override
    public void run(Setting setting) {
        Processes processes = setting.processes();
        ResultTable table = setting.table();
        double plain =
                median(setting, () -> processes.controller(newData(setting), "-XX:AOTMode=off"));
        double cached = median(setting, processes::controller);
        table.add(
                "controller: start until /ready, empty embedded store",
                Unit.TIME,
                cached,
                new Baseline("without its class cache", plain),
                Promise.atMost(1.5e9));
        Path full = processes.newFolder("controller");
        Seeds.fill(full, setting.size().instances());
        table.add(
                "controller: start with %,d instances".formatted(setting.size().instances()),
                Unit.TIME,
                median(setting, () -> processes.controller(full, "")),
                new Baseline("empty", cached),
                Promise.atMost(6e9));
        memory(setting, full);
    }

    private static Path newData(Setting setting) {
        return setting.processes().newFolder("controller");
    }

    private double median(Setting setting, Supplier<Started> start) {
        Latencies times = new Latencies();
        for (int i = 0; i < setting.size().starts(); i++) {
            long begun = clock.nanos();
            Started one = start.get();
            times.record(clock.nanos() - begun);
            one.stop();
        }
        return times.median();
    }

    private void memory(Setting setting, Path full) {
        Processes processes = setting.processes();
        ResultTable table = setting.table();
        Started empty = processes.controller();
        long begun = clock.nanos();
        Started agent = processes.agent(empty, "idle");
        Processes.await(agent, () -> Clients.readyNodes(empty) == 1);
        table.add(
                "agent: start until its node is READY",
                Unit.TIME,
                (double) (clock.nanos() - begun));
        Processes.pause(SETTLE);
        table.add(
                "controller: idle memory (PSS), empty",
                Unit.MEMORY,
                empty.memory(),
                Promise.atMost(250 * MIB));
        table.add(
                "agent: idle memory (PSS)", Unit.MEMORY, agent.memory(), Promise.atMost(120 * MIB));
        long before = empty.heap();
        agent.stop();
        empty.stop();
        Started loaded = processes.controller(full, "");
        Processes.pause(SETTLE);
        int instances = setting.size().instances();
        table.add(
                "controller: memory (PSS) with %,d instances".formatted(instances),
                Unit.MEMORY,
                loaded.memory());
        table.add(
                "controller: heap per instance (a hundredth of a node included)",
                Unit.MEMORY,
                (loaded.heap() - before) / (double) instances);
        loaded.stop();
    }
}
