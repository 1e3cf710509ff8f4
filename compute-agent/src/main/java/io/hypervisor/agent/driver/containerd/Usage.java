package io.hypervisor.agent.driver.containerd;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.CgroupsV1;
import io.hypervisor.agent.driver.containerd.wire.CgroupsV2;

import java.util.Locale;

/** What a task has used, from the metrics of either version of cgroups. Bytes and nanoseconds. */
record Usage(
        long cpuNanos, long memory, long cache, long diskRead, long diskWritten, long oomKills) {
    private static final long NANOS_PER_MICRO = 1_000;

    static Usage of(Any data) {
        String type = data.getTypeUrl().substring(data.getTypeUrl().lastIndexOf('/') + 1);
        try {
            return switch (type) {
                case "io.containerd.cgroups.v1.Metrics" ->
                        of(CgroupsV1.Metrics.parseFrom(data.getValue()));
                case "io.containerd.cgroups.v2.Metrics" ->
                        of(CgroupsV2.Metrics.parseFrom(data.getValue()));
                default ->
                        throw DriverException.permanent(
                                "metrics: value: " + type + " (expected: cgroup v1 or v2)");
            };
        } catch (InvalidProtocolBufferException e) {
            throw DriverException.passing("containerd sent metrics that cannot be read", e);
        }
    }

    private static Usage of(CgroupsV1.Metrics metrics) {
        CgroupsV1.MemoryStat stat = metrics.getMemory();
        // Files on disks alone: what is in a file system in memory has nowhere else to go.
        long cache = stat.getTotalInactiveFile() + stat.getTotalActiveFile();
        return new Usage(
                metrics.getCpu().getUsage().getTotal(),
                Math.max(0, stat.getUsage().getUsage() - cache),
                cache,
                transferred(metrics.getBlkio(), "read"),
                transferred(metrics.getBlkio(), "write"),
                metrics.getMemoryOomControl().getOomKill());
    }

    private static long transferred(CgroupsV1.BlkIOStat disks, String operation) {
        return disks.getIoServiceBytesRecursiveList().stream()
                .filter(entry -> entry.getOp().toLowerCase(Locale.ROOT).equals(operation))
                .mapToLong(CgroupsV1.BlkIOEntry::getValue)
                .sum();
    }

    private static Usage of(CgroupsV2.Metrics metrics) {
        CgroupsV2.MemoryStat stat = metrics.getMemory();
        long cache = stat.getInactiveFile() + stat.getActiveFile();
        return new Usage(
                metrics.getCpu().getUsageUsec() * NANOS_PER_MICRO,
                Math.max(0, stat.getUsage() - cache),
                cache,
                metrics.getIo().getUsageList().stream()
                        .mapToLong(CgroupsV2.IOEntry::getRbytes)
                        .sum(),
                metrics.getIo().getUsageList().stream()
                        .mapToLong(CgroupsV2.IOEntry::getWbytes)
                        .sum(),
                metrics.getMemoryEvents().getOomKill());
    }
}
