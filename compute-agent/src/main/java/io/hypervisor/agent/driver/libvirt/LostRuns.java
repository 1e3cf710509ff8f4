package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The QEMUs of our instances as the machine has them. libvirt knows those of which it has a note in
 * its state folder; without it, it calls a domain shut off whose guest runs, and would start a
 * second one.
 *
 * <p>A process is an instance's QEMU if it has that UUID and holds a file in the instance's own
 * folder: its console's log if nothing else. Others' QEMUs may have any UUID.
 */
final class LostRuns {
    private static final Path PROC = Path.of("/proc");
    private static final String UUID_FLAG = "-uuid";
    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Path home;
    private final Clock clock;

    LostRuns(Path home, Clock clock) {
        this.home = home;
        this.clock = clock;
    }

    /** Instances that have a QEMU, but for those that are known to. */
    Set<String> without(Set<String> known) {
        return ProcessHandle.allProcesses()
                .flatMap(
                        process ->
                                uuid(process).stream()
                                        .filter(id -> !known.contains(id) && isOf(process, id)))
                .collect(Collectors.toSet());
    }

    /** Whether an instance has a QEMU. */
    boolean has(String id) {
        return ProcessHandle.allProcesses().anyMatch(process -> isQemuOf(process, id));
    }

    /** Ends an instance's QEMU by force, if it has one. Returns when it holds nothing any more. */
    void end(String id) {
        List<ProcessHandle> all =
                ProcessHandle.allProcesses().filter(process -> isQemuOf(process, id)).toList();
        for (ProcessHandle process : all) {
            process.destroyForcibly();
            long begin = clock.nanos();
            while (isQemuOf(process, id)) {
                if (clock.nanos() - begin >= PATIENCE.toNanos()) {
                    throw DriverException.passing(
                            "instance " + id + ": QEMU, process " + process.pid() + ", stays",
                            null);
                }
                LockSupport.parkNanos(LOOK_AGAIN.toNanos());
            }
        }
    }

    private boolean isQemuOf(ProcessHandle process, String id) {
        return uuid(process).filter(id::equals).isPresent() && isOf(process, id);
    }

    private static Optional<String> uuid(ProcessHandle process) {
        try {
            Path file = PROC.resolve(Long.toString(process.pid())).resolve("cmdline");
            String line = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
            List<String> arguments = List.of(line.split("\0", -1));
            int flag = arguments.indexOf(UUID_FLAG);
            return arguments.stream()
                    .skip(flag < 0 ? arguments.size() : flag + 1)
                    .findFirst()
                    .filter(Ids::isId);
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    private boolean isOf(ProcessHandle process, String id) {
        Path files = PROC.resolve(Long.toString(process.pid())).resolve("fd");
        try (Stream<Path> open = Files.list(files)) {
            Path folder = home.toRealPath().resolve(id);
            return open.anyMatch(file -> target(file).startsWith(folder));
        } catch (IOException gone) {
            return false;
        }
    }

    /** What an open file is called, or was when it had a name. */
    private static Path target(Path open) {
        try {
            return Files.readSymbolicLink(open);
        } catch (IOException closed) {
            return open;
        }
    }
}
