package io.hypervisor.sim;

import io.hypervisor.core.Clock;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs seeds: {@code SimMain FIRST COUNT [trace]}; exit code 1 if one fails. */
public final class SimMain {
    private static final int MANY = 20;

    private SimMain() {}

    /** The process. */
    public static void main(String[] args) throws InterruptedException, ExecutionException {
        long first = Long.parseLong(args[0]);
        int count = Integer.parseInt(args[1]);
        boolean trace = Arrays.asList(args).contains("trace");
        if (count == 1) {
            Defects.showAll();
        }
        long began = Clock.system().nanos();
        List<Outcome> failed = trace ? traced(first) : all(first, count);
        failed.forEach(outcome -> System.out.println(outcome.report()));
        System.out.printf(
                "%d seeds from %d: %d failed%s, %.1f s%n",
                count,
                first,
                failed.size(),
                failed.isEmpty() ? "" : " " + failed.stream().map(Outcome::seed).toList(),
                (Clock.system().nanos() - began) / 1e9);
        System.exit(failed.isEmpty() ? 0 : 1);
    }

    private static List<Outcome> traced(long seed) {
        Outcome outcome = Simulation.run(seed, System.out::println);
        show(outcome);
        return outcome.passed() ? List.of() : List.of(outcome);
    }

    private static List<Outcome> all(long first, int count)
            throws InterruptedException, ExecutionException {
        List<Outcome> failed = new ArrayList<>();
        int threads = Runtime.getRuntime().availableProcessors();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<Outcome>> running = new ArrayList<>();
            for (long seed = first; seed < first + count; seed++) {
                long one = seed;
                running.add(pool.submit(() -> one(one, count)));
            }
            for (Future<Outcome> future : running) {
                Outcome outcome = future.get();
                if (!outcome.passed()) {
                    failed.add(outcome);
                }
            }
        }
        return failed;
    }

    private static Outcome one(long seed, int count) {
        Outcome outcome = Simulation.run(seed);
        if (count <= MANY || !outcome.passed()) {
            show(outcome);
            outcome.failure().ifPresent(f -> System.out.println("  " + f.detail()));
        }
        return outcome;
    }

    private static void show(Outcome outcome) {
        System.out.printf(
                "seed %d hash %016x: %d steps, %.0f simulated s, %d revisions; %s; %s%n",
                outcome.seed(),
                outcome.hash(),
                outcome.steps(),
                outcome.simulatedNanos() / 1e9,
                outcome.revisions(),
                outcome.faults(),
                outcome.failure().map(f -> "FAILED " + f.rule()).orElse("ok"));
    }
}
