package io.hypervisor.agent.driver.containerd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What of this machine matters to a container's limits.
 *
 * @param limitsSwap whether its kernel can limit swap
 * @param disk the disk under containers' file systems, if it is one whose speed can be limited
 */
record Host(boolean limitsSwap, Optional<Disk> disk) {

    /** A block device by its numbers. */
    record Disk(long major, long minor) {}

    /** Looks at this machine; {@code data} lies on the disk in question. */
    static Host read(Path data) {
        Path cgroups = Path.of("/sys/fs/cgroup");
        boolean unified = Files.exists(cgroups.resolve("cgroup.controllers"));
        boolean limitsSwap =
                unified || Files.exists(cgroups.resolve("memory/memory.memsw.limit_in_bytes"));
        boolean limitsDisk =
                unified || Files.exists(cgroups.resolve("blkio/blkio.throttle.read_bps_device"));
        return new Host(limitsSwap, limitsDisk ? disk(data) : Optional.empty());
    }

    private static Optional<Disk> disk(Path data) {
        try {
            long device = ((Number) Files.getAttribute(data, "unix:dev")).longValue();
            // As glibc's gnu_dev_major and gnu_dev_minor.
            long major = ((device >>> 8) & 0xFFF) | ((device >>> 32) & ~0xFFFL);
            long minor = (device & 0xFF) | ((device >>> 12) & ~0xFFL);
            Path entry = Path.of("/sys/dev/block/" + major + ":" + minor);
            if (!Files.exists(entry)) {
                return Optional.empty();
            }
            if (!Files.exists(entry.resolve("partition"))) {
                return Optional.of(new Disk(major, minor));
            }
            String[] whole =
                    Files.readString(entry.toRealPath().getParent().resolve("dev"))
                            .strip()
                            .split(":", -1);
            return Optional.of(new Disk(Long.parseLong(whole[0]), Long.parseLong(whole[1])));
        } catch (IOException | UnsupportedOperationException unknown) {
            // Without it, limits on disk speed are refused, and that is all.
            return Optional.empty();
        }
    }
}
