package io.hypervisor.agent.driver.microvm;

import io.hypervisor.core.Clock;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The QEMUs of instances. A process id is a hint: only a process whose arguments name the
 * instance's own pid file is its QEMU.
 */
final class Processes {
    private static final Path PROC = Path.of("/proc");
    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);

    private final Clock clock;

    Processes(Clock clock) {
        this.clock = clock;
    }

    /** The QEMU of an instance that has written its pid. */
    Optional<ProcessHandle> find(Path folder) {
        try {
            String pid = Files.readString(folder.resolve(QemuArguments.PID)).strip();
            return ProcessHandle.of(Long.parseLong(pid)).filter(p -> isOf(p, folder));
        } catch (IOException | NumberFormatException noneOrHalfWritten) {
            return Optional.empty();
        }
    }

    /** The same of all processes: one that an agent has started and died has no pid file yet. */
    Optional<ProcessHandle> search(Path folder) {
        return find(folder)
                .or(() -> ProcessHandle.allProcesses().filter(p -> isOf(p, folder)).findFirst());
    }

    private static boolean isOf(ProcessHandle process, Path folder) {
        try {
            Path file = PROC.resolve(Long.toString(process.pid())).resolve("cmdline");
            String line = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
            List<String> arguments = List.of(line.split("\0", -1));
            int flag = arguments.indexOf(QemuArguments.PID_FLAG);
            return flag > 0
                    && arguments.get(flag + 1).equals(folder.resolve(QemuArguments.PID).toString());
        } catch (IOException gone) {
            return false;
        }
    }

    /** Ends a process by force; false if it is still there. */
    boolean kill(ProcessHandle process, Duration patience) {
        process.destroyForcibly();
        return awaitGone(process, patience);
    }

    /** Waits until a process has let go of everything it had. */
    boolean awaitGone(ProcessHandle process, Duration patience) {
        return await(patience, () -> isGone(process.pid()));
    }

    private static boolean isGone(long pid) {
        try {
            String stat = Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"));
            // One that nobody has waited for yet has nothing left but its number.
            return "ZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) >= 0;
        } catch (IOException gone) {
            return true;
        }
    }

    /** Looks until it is so; false if it does not come to that in time. */
    boolean await(Duration patience, BooleanSupplier so) {
        long begin = clock.nanos();
        while (!so.getAsBoolean()) {
            if (clock.nanos() - begin >= patience.toNanos()) {
                return false;
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
        return true;
    }
}
