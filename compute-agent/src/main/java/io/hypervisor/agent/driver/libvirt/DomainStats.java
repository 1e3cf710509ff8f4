package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceStats;

import org.libvirt.Domain;
import org.libvirt.DomainBlockStats;
import org.libvirt.DomainInterfaceStats;
import org.libvirt.LibvirtException;
import org.libvirt.MemoryStatistic;

import java.util.HashMap;
import java.util.Map;

/** What a domain uses, in the API's terms. */
final class DomainStats {
    // Numbers of libvirt's virDomainMemoryStatTags.
    private static final int UNUSED = 4;
    private static final int AVAILABLE = 5;
    private static final int RSS = 7;
    private static final int DISK_CACHES = 10;
    private static final int TAGS = 14;
    private static final long KIB = 1024;

    private DomainStats() {}

    static InstanceStats read(Domain domain, boolean hasDisks) throws LibvirtException {
        Map<Integer, Long> memory = new HashMap<>();
        for (MemoryStatistic statistic : domain.memoryStats(TAGS)) {
            memory.put(statistic.getTag(), statistic.getValue());
        }
        InstanceStats.Builder stats =
                InstanceStats.newBuilder()
                        .setCpuTimeNs(domain.getInfo().cpuTime)
                        .setMemoryUsedBytes(used(memory) * KIB)
                        .setMemoryCacheBytes(memory.getOrDefault(DISK_CACHES, 0L) * KIB);
        if (hasDisks) {
            // Without a device: the sum of all.
            DomainBlockStats blocks = domain.blockStats("");
            stats.setDiskReadBytes(blocks.rd_bytes).setDiskWriteBytes(blocks.wr_bytes);
        }
        long received = 0;
        long sent = 0;
        for (Nic nic : InterfaceXml.parse(domain.getXMLDesc(0))) {
            DomainInterfaceStats traffic = domain.interfaceStats(nic.getDeviceName());
            // As the guest sees it; -1 where nobody counts.
            received += Math.max(0, traffic.rx_bytes);
            sent += Math.max(0, traffic.tx_bytes);
        }
        return stats.setNetworkRxBytes(received).setNetworkTxBytes(sent).build();
    }

    /** As the guest counts, if it has a balloon driver; else what it holds on the host. */
    static long used(Map<Integer, Long> memory) {
        if (memory.containsKey(AVAILABLE) && memory.containsKey(UNUSED)) {
            long cache = memory.getOrDefault(DISK_CACHES, 0L);
            return Math.max(0, memory.get(AVAILABLE) - memory.get(UNUSED) - cache);
        }
        return memory.getOrDefault(RSS, 0L);
    }
}
