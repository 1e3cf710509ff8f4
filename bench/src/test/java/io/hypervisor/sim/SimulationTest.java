package io.hypervisor.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/** Whole clusters under all kinds of faults, and the same again from the same seed. */
class SimulationTest {
    private static final int SEEDS = Integer.getInteger("sim.seeds", 300);
    private static final int THREADS = 2;

    private static List<Outcome> run(LongStream seeds)
            throws InterruptedException, ExecutionException {
        try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Outcome>> running =
                    seeds.mapToObj(seed -> pool.submit(() -> Simulation.run(seed))).toList();
            List<Outcome> outcomes = new ArrayList<>();
            for (Future<Outcome> each : running) {
                outcomes.add(each.get());
            }
            return outcomes;
        }
    }

    @Test
    void everySeedKeepsEveryPromise() throws Exception {
        long began = System.nanoTime();
        List<Outcome> outcomes = run(LongStream.rangeClosed(1, SEEDS));
        double real = (System.nanoTime() - began) / 1e9;
        double simulated = outcomes.stream().mapToDouble(o -> o.simulatedNanos() / 1e9).sum();
        System.out.printf(
                "%d seeds, %.0f simulated seconds in %.1f: %.0f times as fast as time%n",
                SEEDS, simulated, real, simulated / real);
        assertThat(outcomes).hasSize(SEEDS);
        assertThat(outcomes.stream().filter(o -> !o.passed()).map(Outcome::report)).isEmpty();
    }

    @Test
    void theSameSeedIsTheSameRun() throws Exception {
        List<Long> once = run(LongStream.rangeClosed(1, 12)).stream().map(Outcome::hash).toList();
        List<Long> again = run(LongStream.rangeClosed(1, 12)).stream().map(Outcome::hash).toList();
        assertThat(again).isEqualTo(once);
    }

    @Test
    void theSameSeedIsTheSameRunInAnotherJvm() throws Exception {
        List<String> here =
                run(LongStream.rangeClosed(1, 6)).stream()
                        .map(o -> "seed %d hash %016x".formatted(o.seed(), o.hash()))
                        .toList();
        String there = elsewhere("1", "6");
        assertThat(there).contains(here);
    }

    private static String elsewhere(String first, String count)
            throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                                "--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED",
                                "--enable-native-access=ALL-UNNAMED",
                                "-Dlogback.configurationFile=logback-sim.xml",
                                "-cp",
                                System.getProperty("java.class.path"),
                                SimMain.class.getName(),
                                first,
                                count)
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
