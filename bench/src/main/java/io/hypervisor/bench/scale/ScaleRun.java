package io.hypervisor.bench.scale;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.core.Clock;
import io.hypervisor.core.VirtualTasks;

import org.awaitility.Awaitility;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs one scale test: {@code ScaleRun RESULTS_FOLDER [key=value ...]}. */
public final class ScaleRun {
    private static final Duration READY = Duration.ofMinutes(5);
    private static final Duration PERIOD = Duration.ofSeconds(1);
    // A run that makes no progress for so long has failed.
    private static final double STALLED_SECONDS = 180;

    private final ScaleOptions options;
    private final Clock clock = Clock.system();
    private final List<Sample> samples = new ArrayList<>();
    private double progressAt;

    private ScaleRun(ScaleOptions options) {
        this.options = options;
    }

    /** Runs, writes the report, and fails if anything was lost or broke. */
    public static void main(String[] arguments) throws IOException {
        List<String> all = List.of(arguments);
        ScaleResult result = run(ScaleOptions.parse(all.subList(1, all.size())));
        Path report = ScaleReport.write(result, Path.of(all.getFirst()));
        System.out.println("written: " + report);
        result.faults().forEach(System.err::println);
        System.exit(result.faults().isEmpty() ? 0 : 1);
    }

    static ScaleResult run(ScaleOptions options) throws IOException {
        return new ScaleRun(options).run();
    }

    private ScaleResult run() throws IOException {
        try (VirtualTasks tasks = new VirtualTasks();
                Target target = new Target(options);
                Fleet fleet = new Fleet(target, options.nodes(), tasks);
                Load load = new Load(target, options.instances())) {
            ManagedChannel observer = target.channel();
            long begun = clock.nanos();
            fleet.open(options.nodes(), options.heartbeatSeconds());
            Awaitility.await()
                    .atMost(READY)
                    .until(() -> Target.info(observer).getReadyNodes() == options.nodes());
            double ready = (clock.nanos() - begun) / 1e9;
            System.out.printf("nodes ready after %.1f s%n", ready);
            load.begin(options.inFlight());
            observe(target, fleet, load, observer);
            observer.shutdownNow();
            List<String> faults = new ArrayList<>(load.faults());
            faults.addAll(fleet.faults());
            faults.addAll(target.complaints());
            if (samples.getLast().running() != options.instances()) {
                faults.add("RUNNING: " + samples.getLast().running());
            }
            return new ScaleResult(
                    options, ready, List.copyOf(samples), load.retries(), List.copyOf(faults));
        }
    }

    /** Takes samples until everything runs or nothing moves any more. */
    private void observe(Target target, Fleet fleet, Load load, ManagedChannel observer) {
        long begun = clock.nanos();
        Awaitility.await()
                .forever()
                .pollDelay(Duration.ZERO)
                .pollInterval(PERIOD)
                .until(
                        () -> {
                            double now = (clock.nanos() - begun) / 1e9;
                            return over(sample(now, target, fleet, load, observer));
                        });
    }

    private Sample sample(
            double now, Target target, Fleet fleet, Load load, ManagedChannel observer) {
        // Counted first: what the controller shows may be ahead of it, not behind.
        long placed = load.placed();
        long acked = fleet.acked();
        return new Sample(
                now,
                placed,
                acked,
                running(observer),
                target.controllerBytes(),
                target.etcdBytes().orElse(0),
                Memory.resident(ProcessHandle.current().pid()),
                target.databaseBytes());
    }

    private long running(ManagedChannel observer) {
        try {
            ClusterInfo info = Target.info(observer);
            return info.getRunningInstances();
        } catch (StatusRuntimeException e) {
            return samples.isEmpty() ? 0 : samples.getLast().running();
        }
    }

    private boolean over(Sample now) {
        if (samples.isEmpty() || moved(samples.getLast(), now)) {
            progressAt = now.seconds();
        }
        samples.add(now);
        if (samples.size() % 15 == 1) {
            System.out.printf(
                    "%5.0f s: placed %d, acked %d, running %d; MiB: controller %d, etcd %d, load"
                            + " generator %d, database %d%n",
                    now.seconds(),
                    now.placed(),
                    now.acked(),
                    now.running(),
                    now.controllerBytes() >> 20,
                    now.etcdBytes() >> 20,
                    now.loadBytes() >> 20,
                    now.databaseBytes() >> 20);
        }
        boolean all =
                Math.min(now.placed(), Math.min(now.acked(), now.running())) >= options.instances();
        return all || now.seconds() - progressAt > STALLED_SECONDS;
    }

    private static boolean moved(Sample before, Sample now) {
        return now.placed() > before.placed()
                || now.acked() > before.acked()
                || now.running() > before.running();
    }
}
