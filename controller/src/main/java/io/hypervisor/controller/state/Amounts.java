package io.hypervisor.controller.state;

import io.hypervisor.api.v1.Resources;

/** Arithmetic on {@link Resources}. */
public final class Amounts {
    private Amounts() {}

    /** The sum. */
    public static Resources plus(Resources a, Resources b) {
        return Resources.newBuilder()
                .setCpuCores(a.getCpuCores() + b.getCpuCores())
                .setMemoryBytes(a.getMemoryBytes() + b.getMemoryBytes())
                .setDiskBytes(a.getDiskBytes() + b.getDiskBytes())
                .setGpuCount(a.getGpuCount() + b.getGpuCount())
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
}
