package io.hypervisor.agent.driver.guest;

import io.hypervisor.core.Command;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A disk without room for a single file. */
public final class FullDisk {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private FullDisk() {}

    /** Puts one over a folder; the step that is returned takes it away. */
    public static Runnable over(Path folder) {
        run("mount", "-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", folder.toString());
        // Lazily: somebody may be looking into it.
        return () -> run("umount", "--lazy", folder.toString());
    }

    private static void run(String... command) {
        Command.Ended ended = Command.run(PATIENCE, List.of(command));
        if (!ended.ok()) {
            throw new IllegalStateException(ended.failure());
        }
    }
}
