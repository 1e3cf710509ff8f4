package io.hypervisor.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** The shape of what a benchmark ran on; never its name. */
public final class Machine {
    private Machine() {}

    /** In one line. */
    public static String shape() {
        return String.format(
                Locale.ROOT,
                "%d cores, %.0f GiB of memory, Linux %s, %s, JDK %s",
                Runtime.getRuntime().availableProcessors(),
                kilobytes(Path.of("/proc/meminfo"), "MemTotal:") / 1024.0 / 1024.0,
                System.getProperty("os.version"),
                Files.exists(Path.of("/dev/kvm")) ? "/dev/kvm present" : "no KVM",
                Runtime.version().feature());
    }

    /** How many processes wanted a core in the last minute. */
    public static double load() {
        try {
            String load = Files.readString(Path.of("/proc/loadavg"));
            return Double.parseDouble(load.substring(0, load.indexOf(' ')));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A value in a file of "Name: value kB" lines. */
    static long kilobytes(Path file, String name) {
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> line.startsWith(name))
                    .map(line -> line.replaceAll("[^0-9]", ""))
                    .mapToLong(Long::parseLong)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException(name + " is not in " + file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
