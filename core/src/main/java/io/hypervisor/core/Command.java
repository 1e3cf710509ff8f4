package io.hypervisor.core;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs a program with a deadline. Arguments are a vector: no shell reads them. */
public final class Command {
    // A pipe holds as much; what says more waits for a reader and is ended by the deadline.
    private static final int MAX_OUTPUT = 65_536;
    private static final int MAX_TOLD = 2_048;

    private Command() {}

    /**
     * How a program ended.
     *
     * @param code its exit code; empty if it could not be started or had to be killed
     * @param output what it said, or why there is no code
     */
    public record Ended(String program, OptionalInt code, String output) {
        /** Whether it did what it was asked. */
        public boolean ok() {
            return code.isPresent() && code.getAsInt() == 0;
        }

        /** The program and what it said, in one line. */
        public String failure() {
            String line = output.strip().replaceAll("\\s+", " ");
            String told = line.length() <= MAX_TOLD ? line : line.substring(0, MAX_TOLD) + "...";
            return code.isPresent() ? program + " failed: " + told : program + " " + told;
        }
    }

    /** Runs it to its end, without input. */
    public static Ended run(Duration deadline, List<String> arguments) {
        return run(deadline, new CompletableFuture<>(), arguments);
    }

    /** Runs it to its end or, by force, to when it is abandoned. */
    public static Ended run(
            Duration deadline, CompletableFuture<Void> abandoned, List<String> arguments) {
        return run(deadline, abandoned, new ProcessBuilder(arguments), "");
    }

    /** Runs it to its end in a folder, with an input that fits into a pipe. */
    public static Ended run(Duration deadline, Path folder, String input, List<String> arguments) {
        return run(
                deadline,
                new CompletableFuture<>(),
                new ProcessBuilder(arguments).directory(folder.toFile()),
                input);
    }

    private static Ended run(
            Duration deadline,
            CompletableFuture<Void> abandoned,
            ProcessBuilder builder,
            String input) {
        String program = builder.command().getFirst();
        try {
            Process process = builder.redirectErrorStream(true).start();
            var _ = abandoned.thenRun(process::destroyForcibly);
            try (OutputStream in = process.getOutputStream()) {
                in.write(input.getBytes(StandardCharsets.UTF_8));
            }
            if (await(process, deadline)) {
                return new Ended(program, OptionalInt.of(process.exitValue()), output(process));
            }
            return new Ended(program, OptionalInt.empty(), "did not end in time");
        } catch (IOException e) {
            return new Ended(program, OptionalInt.empty(), "cannot be run: " + e.getMessage());
        }
    }

    private static boolean await(Process process, Duration deadline) {
        try {
            if (process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                return true;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        return false;
    }

    private static String output(Process process) throws IOException {
        try (InputStream in = process.getInputStream()) {
            return new String(in.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8);
        }
    }
}
