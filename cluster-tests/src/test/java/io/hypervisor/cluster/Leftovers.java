package io.hypervisor.cluster;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What a data folder still holds on to. */
public final class Leftovers {
    private Leftovers() {}

    /** Processes that name the folder in their command line, and mounts below it. */
    public static List<String> of(Path data) throws IOException {
        List<String> found = new ArrayList<>();
        ProcessHandle.allProcesses()
                .filter(p -> p.pid() != ProcessHandle.current().pid())
                .forEach(
                        p ->
                                Optional.of(String.join(" ", commandLine(p.pid())))
                                        .filter(line -> line.contains(data + "/"))
                                        .ifPresent(found::add));
        Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                .filter(line -> line.contains(data + "/"))
                .forEach(found::add);
        return found;
    }

    /** The words of a process's command line; none if it is gone. */
    static List<String> commandLine(long pid) {
        try {
            return List.of(Files.readString(Path.of("/proc/" + pid + "/cmdline")).split("\0"));
        } catch (IOException gone) {
            return List.of();
        }
    }

    /** Deletes the folder, but not what its processes said. */
    public static void delete(Path data) throws IOException {
        Path logs = Files.createDirectories(Path.of("target/logs").resolve(data.getFileName()));
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (file.toString().endsWith(".log")) {
                    Files.copy(file, logs.resolve(file.getFileName()), REPLACE_EXISTING);
                }
                Files.delete(file);
            }
        }
    }
}
