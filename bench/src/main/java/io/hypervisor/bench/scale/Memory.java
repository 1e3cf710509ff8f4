package io.hypervisor.bench.scale;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much memory processes take. */
final class Memory {
    private Memory() {}

    /** Resident bytes of a process. */
    static long resident(long pid) {
        return status(pid, "VmRSS:");
    }

    /** Resident bytes that no file backs. */
    static long anonymous(long pid) {
        return status(pid, "RssAnon:");
    }

    private static long status(long pid, String field) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                    .filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
