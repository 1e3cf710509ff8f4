package io.hypervisor.agent.driver.containerd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What the kernel itself says of a container's group, whichever version of groups it has. */
record Cgroups(String instanceId) {
    private static final Path ROOT = Path.of("/sys/fs/cgroup");
    private static final boolean UNIFIED = Files.exists(ROOT.resolve("cgroup.controllers"));

    static boolean unified() {
        return UNIFIED;
    }

    boolean exists() {
        return Files.exists(group("memory"));
    }

    private Path group(String controller) {
        Path root = UNIFIED ? ROOT : ROOT.resolve(controller);
        return root.resolve("hypervisor").resolve(instanceId);
    }

    /** A file: of its controller in version 1, and the other one in version 2. */
    String read(String controller, String old, String unified) {
        try {
            return Files.readString(group(controller).resolve(UNIFIED ? unified : old)).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long number(String controller, String old, String unified) {
        return Long.parseLong(read(controller, old, unified));
    }

    /** The number behind a key, in a file of keys and numbers. */
    long entry(String controller, String file, String old, String unified) {
        String key = UNIFIED ? unified : old;
        return read(controller, file, file)
                .lines()
                .filter(line -> line.startsWith(key + " "))
                .mapToLong(line -> Long.parseLong(line.substring(key.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    /** Processor time in nanoseconds. */
    long cpuNanos() {
        return UNIFIED
                ? entry("cpu", "cpu.stat", "", "usage_usec") * 1000
                : number("cpuacct", "cpuacct.usage", "");
    }

    /** Bytes written to disks. */
    long written() {
        List<String> words =
                UNIFIED
                        ? Arrays.asList(read("", "", "io.stat").split("\\s+", -1))
                        : read("blkio", "blkio.throttle.io_service_bytes_recursive", "")
                                .lines()
                                .filter(line -> line.contains(" Write "))
                                .map(line -> "wbytes=" + line.split(" ", -1)[2])
                                .toList();
        return words.stream()
                .filter(word -> word.startsWith("wbytes="))
                .mapToLong(word -> Long.parseLong(word.substring("wbytes=".length())))
                .sum();
    }
}
