package io.hypervisor.controller.store.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/**
 * How many operations a test makes, from which seed, in rounds that fit in memory: system
 * properties {@code history.ops} (of both stores together) and {@code history.seed}.
 */
final class Run {
    private static final long ROUND = 100_000;

    private final String name;
    private final long seed;
    private final SplittableRandom seeds;
    private final long began = System.nanoTime();
    private long left;
    private long made;

    private Run(String name, long seed, long operations) {
        this.name = name;
        this.seed = seed;
        this.seeds = new SplittableRandom(seed);
        this.left = operations;
    }

    /** A run with this share of all operations. */
    static Run of(String name, double share) {
        long operations = Long.getLong("history.ops", 105_000);
        return new Run(name, Long.getLong("history.seed", 1), (long) (operations * share));
    }

    long seed() {
        return seed;
    }

    boolean more() {
        return left > 0;
    }

    long nextSeed() {
        return seeds.nextLong();
    }

    /** How many operations to make in the next round. */
    long nextRound() {
        return Math.min(left, ROUND);
    }

    /** Fails with the seed and the file of the history if anything is wrong with it. */
    void judge(Recording recording, History history) throws IOException {
        left -= history.operations();
        made += history.operations();
        print(recording.summary());
        List<String> violations = Checks.violations(history);
        if (!violations.isEmpty()) {
            Path file = Path.of("target", "history", name + "-" + seed + ".txt").toAbsolutePath();
            write(history, file);
            print("seed=" + seed + " history=" + file);
            assertThat(violations).as("seed %d, history %s", seed, file).isEmpty();
        }
    }

    void print(String more) {
        long millis = (System.nanoTime() - began) / 1_000_000;
        System.out.printf("history: %s operations=%d ms=%d %s%n", name, made, millis, more);
    }

    private static void write(History history, Path file) throws IOException {
        Files.createDirectories(file.getParent());
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (List<?> part :
                    List.of(
                            List.of(history.start()),
                            List.copyOf(history.truth().values()),
                            history.reigns(),
                            history.commits(),
                            history.forgotten(),
                            history.watched(),
                            history.loads())) {
                for (Object line : part) {
                    out.write(line.toString());
                    out.newLine();
                }
            }
        }
    }
}
