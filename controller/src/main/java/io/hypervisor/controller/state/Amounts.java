package io.hypervisor.controller.state;

import io.hypervisor.api.v1.Resources;

/**
 * Arithmetic on {@link Resources}. Sums saturate: what a node claims to have is not ours to trust.
 */
public final class Amounts {
    private Amounts() {}

    /** The sum. */
    public static Resources plus(Resources a, Resources b) {
        return Resources.newBuilder()
                .setCpuCores(
                        Math.clamp(
                                (long) a.getCpuCores() + b.getCpuCores(),
                                Integer.MIN_VALUE,
                                Integer.MAX_VALUE))
                .setMemoryBytes(sum(a.getMemoryBytes(), b.getMemoryBytes()))
                .setDiskBytes(sum(a.getDiskBytes(), b.getDiskBytes()))
                .setGpuCount(
                        Math.clamp(
                                (long) a.getGpuCount() + b.getGpuCount(),
                                Integer.MIN_VALUE,
                                Integer.MAX_VALUE))
                .build();
    }

    /** The difference. */
    public static Resources minus(Resources a, Resources b) {
        return Resources.newBuilder()
                .setCpuCores(a.getCpuCores() - b.getCpuCores())
                .setMemoryBytes(a.getMemoryBytes() - b.getMemoryBytes())
                .setDiskBytes(a.getDiskBytes() - b.getDiskBytes())
                .setGpuCount(a.getGpuCount() - b.getGpuCount())
                .build();
    }

    /** The larger of each. */
    public static Resources max(Resources a, Resources b) {
        return Resources.newBuilder()
                .setCpuCores(Math.max(a.getCpuCores(), b.getCpuCores()))
                .setMemoryBytes(Math.max(a.getMemoryBytes(), b.getMemoryBytes()))
                .setDiskBytes(Math.max(a.getDiskBytes(), b.getDiskBytes()))
                .setGpuCount(Math.max(a.getGpuCount(), b.getGpuCount()))
                .build();
    }

    /** Whether {@code need} is at most {@code room}, in each. */
    public static boolean fits(Resources need, Resources room) {
        return need.getCpuCores() <= room.getCpuCores()
                && need.getMemoryBytes() <= room.getMemoryBytes()
                && need.getDiskBytes() <= room.getDiskBytes()
                && need.getGpuCount() <= room.getGpuCount();
    }

    private static long sum(long a, long b) {
        long sum = a + b;
        boolean overflow = ((a ^ sum) & (b ^ sum)) < 0;
        return overflow ? (a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE) : sum;
    }
}
