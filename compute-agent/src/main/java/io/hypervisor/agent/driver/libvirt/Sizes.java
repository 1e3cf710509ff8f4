package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.api.v1.InstanceSpec;

/** How large a spec wants its machine, with this driver's defaults. Pure. */
record Sizes(InstanceSpec spec) {
    private static final long MIN_MEMORY = 16L << 20;
    private static final long DEFAULT_MEMORY = 512L << 20;
    private static final long DEFAULT_CPU_PERIOD = 100_000;
    private static final long KIB = 1024;

    int cpus() {
        return Math.max(1, spec.getCpuCores());
    }

    /** How many it may come to while it runs. */
    int maxCpus() {
        return Math.max(cpus(), spec.getMaxCpuCores());
    }

    /** What the machine has. */
    long memoryKib() {
        long asked = spec.getMemoryBytes();
        return kib(asked == 0 ? DEFAULT_MEMORY : asked);
    }

    /** What the guest keeps of it; the rest goes into its balloon. */
    long guestMemoryKib() {
        long limit = spec.getLimits().getMemoryLimit();
        return limit == 0 ? memoryKib() : Math.min(memoryKib(), kib(Math.max(MIN_MEMORY, limit)));
    }

    private static long kib(long bytes) {
        return Math.ceilDiv(bytes, KIB);
    }

    /** Microseconds that all processors together get in a period; 0: no limit. */
    long cpuQuota() {
        return spec.getLimits().getCpuQuota();
    }

    long cpuPeriod() {
        long period = spec.getLimits().getCpuPeriod();
        return period == 0 ? DEFAULT_CPU_PERIOD : period;
    }

    /** Of all disks together; 0: no limit. */
    long readBps() {
        return spec.getLimits().getIoReadBps();
    }

    long writeBps() {
        return spec.getLimits().getIoWriteBps();
    }
}
