package io.hypervisor.agent.image;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Wanted;
import io.hypervisor.core.Command;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Makes a qcow2 file of a disk of VMware that {@link Vmdk} has looked at. The file still is a
 * stranger's: QEMU reads it with bounded memory, time and room, because a few kilobytes can stand
 * for as many terabytes as a disk may have.
 */
final class Conversion {
    private static final Duration DEADLINE = Duration.ofMinutes(30);
    private static final long MEMORY = 2L << 30;

    private Conversion() {}

    /** Writes {@code to}, of at most so many bytes, over whatever it holds. */
    static void run(Path from, Path to, long most, Wanted wanted) throws IOException {
        long room = Math.max(0, Fetch.room(to.getParent()));
        Command.Ended made =
                Command.run(
                        DEADLINE,
                        wanted.abandoned(),
                        List.of(
                                "prlimit",
                                "--fsize=" + Math.min(most, room),
                                "--as=" + MEMORY,
                                "--cpu=" + DEADLINE.toSeconds(),
                                "--core=0",
                                "qemu-img",
                                "convert",
                                "-q",
                                "-f",
                                Vmdk.FORMAT,
                                "-O",
                                "qcow2",
                                from.toString(),
                                to.toString()));
        wanted.check();
        if (!made.ok()) {
            throw failed(made, room < most);
        }
        try (FileChannel file = FileChannel.open(to)) {
            file.force(true);
        }
    }

    private static DriverException failed(Command.Ended made, boolean scarce) {
        String why = "cannot convert the image: " + made.failure();
        boolean full =
                made.output().contains("No space left")
                        || (scarce && made.output().contains("File too large"));
        return full || made.code().isEmpty()
                ? DriverException.passing(why, null)
                : DriverException.permanent(why);
    }
}
