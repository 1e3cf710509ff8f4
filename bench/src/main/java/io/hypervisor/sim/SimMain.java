package io.hypervisor.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs seeds: {@code SimMain FIRST COUNT [trace]}; exit code 1 if one fails. */
public final class SimMain {
    private SimMain() {}

    /** The process. */
    public static void main(String[] args) throws InterruptedException, ExecutionException {
        long first = Long.parseLong(args[0]);
        int count = Integer.parseInt(args[1]);
        boolean trace = Arrays.asList(args).contains("trace");
        if (count == 1) {
            Defects.showAll();
        }
        long began = System.nanoTime();
        List<Outcome> failed = trace ? traced(first) : all(first, count);
        failed.forEach(outcome -> System.out.println(outcome.report()));
        System.out.printf(
                "%d seeds from %d: %d failed%s, %.1f s%n",
                count,
                first,
                failed.size(),
                failed.isEmpty() ? "" : " " + failed.stream().map(Outcome::seed).toList(),
                (System.nanoTime() - began) / 1e9);
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
                running.add(pool.submit(() -> Simulation.run(one)));
            }
            for (Future<Outcome> future : running) {
                Outcome outcome = future.get();
                if (!outcome.passed()) {
                    failed.add(outcome);
                }
                if (count <= 10 || !outcome.passed()) {
                    show(outcome);
                }
            }
        }
        return failed;
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
