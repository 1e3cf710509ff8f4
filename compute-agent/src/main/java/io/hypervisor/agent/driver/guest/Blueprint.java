package io.hypervisor.agent.driver.guest;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.ImageFolders.Bootable;
import io.hypervisor.agent.driver.guest.ImageFolders.DirectBoot;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A spec with everything that this node decides about it: which files its names mean, which disks
 * it gets. Made before anything exists, so that an impossible spec leaves nothing behind.
 */
public record Blueprint(
        Target target, Path folder, Optional<DirectBoot> kernel, List<Disk> disks, boolean kvm) {
    private static final Pattern DISK_NAME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final int MAX_DISKS = 16;
    private static final long MIN_DISK = 1L << 20;
    private static final long MAX_DISK = 64L << 40;
    private static final long MIN_MEMORY = 16L << 20;
    private static final long MAX_MEMORY = 16L << 40;
    private static final long DEFAULT_MEMORY = 512L << 20;
    private static final int MAX_CPUS = 512;

    /** A qcow2 file of the instance, an overlay of the base if there is one. */
    public record Disk(Path path, long bytes, Optional<ImageFile> base) {}

    /**
     * What a spec comes to on this node.
     *
     * @throws DriverException permanent, when it is impossible
     */
    public static Blueprint of(Target target, Path folder, ImageFolders images, boolean kvm) {
        InstanceSpec spec = target.spec();
        Nics.check(target);
        check(
                spec.getCpuCores() >= 0 && spec.getCpuCores() <= MAX_CPUS,
                "spec.cpu_cores",
                spec.getCpuCores(),
                "1 to 512");
        long memory = spec.getMemoryBytes();
        check(
                memory == 0 || (memory >= MIN_MEMORY && memory <= MAX_MEMORY),
                "spec.memory_bytes",
                memory,
                "16 MiB to 16 TiB");
        check(
                !spec.getImage().isEmpty() || !spec.getKernel().isEmpty(),
                "spec.image",
                "",
                "an image, or a kernel");
        Bootable image =
                spec.getImage().isEmpty()
                        ? new Bootable(Optional.empty(), Optional.empty())
                        : images.image(spec);
        Optional<DirectBoot> kernel = kernel(spec, images).or(image::kernel);
        return new Blueprint(target, folder, kernel, disks(spec, folder, image.disk()), kvm);
    }

    /** Processors of the guest. */
    public int cpus() {
        return cpus(target.spec());
    }

    /** Processors of a guest. */
    public static int cpus(InstanceSpec spec) {
        return Math.max(1, spec.getCpuCores());
    }

    /** What the guest gets. */
    public long memoryBytes() {
        return memoryBytes(target.spec());
    }

    /** What a guest gets. */
    public static long memoryBytes(InstanceSpec spec) {
        long asked = spec.getMemoryBytes();
        long memory = asked == 0 ? DEFAULT_MEMORY : asked;
        long limit = spec.getLimits().getMemoryLimit();
        return limit == 0 ? memory : Math.max(MIN_MEMORY, Math.min(memory, limit));
    }

    /** The file of a disk that the spec names. */
    public static Path file(Path folder, DiskSpec disk) {
        return folder.resolve("disk-" + disk.getName() + ".qcow2");
    }

    private static Optional<DirectBoot> kernel(InstanceSpec spec, ImageFolders images) {
        if (spec.getKernel().isEmpty()) {
            check(spec.getInitrd().isEmpty(), "spec.initrd", spec.getInitrd(), "empty, no kernel");
            check(
                    spec.getKernelArgs().isEmpty(),
                    "spec.kernel_args",
                    spec.getKernelArgs(),
                    "empty without a kernel");
            return Optional.empty();
        }
        String arguments = spec.getKernelArgs();
        check(
                arguments.length() <= 2048
                        && arguments.chars().allMatch(c -> c >= 0x20 && c < 0x7f),
                "spec.kernel_args",
                arguments.length() + " characters",
                "at most 2048 printable ASCII characters");
        Optional<Path> initrd =
                spec.getInitrd().isEmpty() ? Optional.empty() : Optional.of(images.initrd(spec));
        return Optional.of(new DirectBoot(images.kernel(spec), initrd, arguments));
    }

    private static List<Disk> disks(InstanceSpec spec, Path folder, Optional<ImageFile> image) {
        check(
                spec.getDisksCount() <= MAX_DISKS,
                "spec.disks",
                spec.getDisksCount() + " disks",
                "at most 16");
        List<Disk> disks = new ArrayList<>();
        Set<String> names = new HashSet<>();
        boolean boot = false;
        for (DiskSpec disk : spec.getDisksList()) {
            check(
                    DISK_NAME.matcher(disk.getName()).matches() && names.add(disk.getName()),
                    "spec.disks.name",
                    disk.getName(),
                    "a name that no other disk of the instance has");
            check(
                    disk.getType().isEmpty() || disk.getType().equals("local"),
                    "spec.disks.type",
                    disk.getType(),
                    "local");
            check(!boot || !disk.getBoot(), "spec.disks.boot", true, "at most one boot disk");
            boot |= disk.getBoot();
            Optional<ImageFile> base = disk.getBoot() ? image : Optional.empty();
            Disk made = new Disk(file(folder, disk), bytes(disk, base), base);
            // The boot disk is the first that the firmware sees.
            disks.add(disk.getBoot() ? 0 : disks.size(), made);
        }
        if (!boot && image.isPresent()) {
            disks.addFirst(
                    new Disk(folder.resolve("boot.qcow2"), image.get().virtualBytes(), image));
        }
        return List.copyOf(disks);
    }

    private static long bytes(DiskSpec disk, Optional<ImageFile> base) {
        long least =
                Math.max(
                        base.isPresent() ? 1 : MIN_DISK,
                        base.map(ImageFile::virtualBytes).orElse(0L));
        long bytes = disk.getSizeBytes() == 0 && base.isPresent() ? least : disk.getSizeBytes();
        check(
                bytes >= least && bytes <= MAX_DISK,
                "spec.disks.size_bytes",
                bytes,
                base.isPresent() ? least + " (the image's size) to 64 TiB" : "1 MiB to 64 TiB");
        return bytes;
    }

    private static void check(boolean holds, String field, Object value, String expected) {
        if (!holds) {
            String text = String.valueOf(value).replaceAll("[^\\x20-\\x7e]", "?");
            String cut = text.length() <= 128 ? text : text.substring(0, 128) + "...";
            throw DriverException.permanent(
                    field + ": value: " + cut + " (expected: " + expected + ")");
        }
    }
}
