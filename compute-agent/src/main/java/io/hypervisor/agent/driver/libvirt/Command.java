package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** Runs a program with a deadline. Arguments are a vector: no shell reads them. */
final class Command {
    private static final int MAX_OUTPUT = 4096;

    private Command() {}

    /** Runs it; throws with the end of what it said unless it exits with 0 in time. */
    static void run(Duration deadline, List<String> arguments) {
        Process process = start(arguments);
        OptionalInt code = await(process, deadline);
        if (code.isEmpty() || code.getAsInt() != 0) {
            throw DriverException.passing(
                    arguments.getFirst()
                            + (code.isEmpty() ? " did not end in time" : " failed: ")
                            + output(process),
                    null);
        }
    }

    /** Its exit code; empty if it had to be killed. */
    static OptionalInt exitCode(Duration deadline, List<String> arguments) {
        return await(start(arguments), deadline);
    }

    private static Process start(List<String> arguments) {
        try {
            Process process = new ProcessBuilder(arguments).redirectErrorStream(true).start();
            process.getOutputStream().close();
            return process;
        } catch (IOException e) {
            throw DriverException.passing(
                    "cannot run " + arguments.getFirst() + ": " + e.getMessage(), e);
        }
    }

    private static OptionalInt await(Process process, Duration deadline) {
        try {
            // What does not fit into the pipe makes it wait for a reader: a few lines always fit.
            if (process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                return OptionalInt.of(process.exitValue());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        return OptionalInt.empty();
    }

    private static String output(Process process) {
        try (InputStream in = process.getInputStream()) {
            String text = new String(in.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8);
            return text.strip().replaceAll("\\s+", " ");
        } catch (IOException e) {
            return e.getMessage();
        }
    }
}
