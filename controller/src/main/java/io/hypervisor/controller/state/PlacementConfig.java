package io.hypervisor.controller.state;

import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.PlacementStrategy;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.core.config.ConfigException;

/**
 * How much of a node may be taken, and how much an instance takes.
 *
 * @param cpuOvercommit virtual processors per processor of a node, greater than 0
 * @param memoryOvercommit promised per present byte of memory, greater than 0
 * @param diskOvercommit promised per present byte of disk, greater than 0
 * @param memoryReserveBytes memory kept for the node itself, but at most a sixteenth of what it has
 * @param vmMemoryOverheadBytes what a VM takes of its node's memory beside {@link
 *     #VM_OVERHEAD_PER_CPU_BYTES} per virtual processor, one 512th of its memory, and its memory
 * @param strategy for instances that do not ask for one: SPREAD or BIN_PACK
 */
public record PlacementConfig(
        double cpuOvercommit,
        double memoryOvercommit,
        double diskOvercommit,
        long memoryReserveBytes,
        long vmMemoryOverheadBytes,
        PlacementStrategy strategy) {

    /** The thread stack, emulated devices and page tables of one virtual processor. */
    public static final long VM_OVERHEAD_PER_CPU_BYTES = 8L << 20;

    /** Page tables and dirty bitmap: a byte per so many bytes of guest memory. */
    private static final long VM_BYTES_PER_OVERHEAD_BYTE = 512;

    private static final int LARGEST_RESERVED_SHARE = 16;

    public PlacementConfig {
        requirePositive("cpu_overcommit", cpuOvercommit);
        requirePositive("memory_overcommit", memoryOvercommit);
        requirePositive("disk_overcommit", diskOvercommit);
        requireNotNegative("memory_reserve_bytes", memoryReserveBytes);
        requireNotNegative("vm_memory_overhead_bytes", vmMemoryOverheadBytes);
        if (strategy != PlacementStrategy.PLACEMENT_STRATEGY_SPREAD
                && strategy != PlacementStrategy.PLACEMENT_STRATEGY_BIN_PACK) {
            throw ConfigException.of("strategy", strategy, "SPREAD or BIN_PACK");
        }
    }

    private static void requirePositive(String key, double value) {
        if (!(value > 0 && value <= 1000)) {
            throw ConfigException.of(key, value, "> 0 and <= 1000");
        }
    }

    private static void requireNotNegative(String key, long value) {
        if (value < 0) {
            throw ConfigException.of(key, value, ">= 0");
        }
    }

    /** Processors four times over, memory and disk once; 512 MiB reserve, 64 MiB per VM; SPREAD. */
    public static PlacementConfig defaults() {
        return new PlacementConfig(
                4.0, 1.0, 1.0, 512L << 20, 64L << 20, PlacementStrategy.PLACEMENT_STRATEGY_SPREAD);
    }

    /** What instances may take of a node that has {@code capacity}. */
    public Resources allocatable(Resources capacity) {
        long memory = capacity.getMemoryBytes();
        long reserve = Math.min(memoryReserveBytes, memory / LARGEST_RESERVED_SHARE);
        return Resources.newBuilder()
                .setCpuCores((int) (capacity.getCpuCores() * cpuOvercommit))
                .setMemoryBytes((long) (memory * memoryOvercommit) - reserve)
                .setDiskBytes((long) (capacity.getDiskBytes() * diskOvercommit))
                .setGpuCount(capacity.getGpuCount())
                .build();
    }

    /**
     * What an instance takes of its node: its processors, memory (VMs: with overhead) and the sizes
     * of its disks. A boot disk of size 0 has its image's size, which is not known here and not
     * counted.
     */
    public Resources reservation(InstanceType type, InstanceSpec spec) {
        return Resources.newBuilder()
                .setCpuCores(spec.getCpuCores())
                .setMemoryBytes(spec.getMemoryBytes() + overhead(type, spec))
                .setDiskBytes(spec.getDisksList().stream().mapToLong(DiskSpec::getSizeBytes).sum())
                .build();
    }

    private long overhead(InstanceType type, InstanceSpec spec) {
        return switch (type) {
            case INSTANCE_TYPE_VM, INSTANCE_TYPE_MICROVM ->
                    vmMemoryOverheadBytes
                            + spec.getCpuCores() * VM_OVERHEAD_PER_CPU_BYTES
                            + spec.getMemoryBytes() / VM_BYTES_PER_OVERHEAD_BYTE;
            case INSTANCE_TYPE_CONTAINER, INSTANCE_TYPE_UNSPECIFIED, UNRECOGNIZED -> 0;
        };
    }
}
