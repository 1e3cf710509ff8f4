package io.hypervisor.sim;

import io.hypervisor.agent.node.Machine;
import io.hypervisor.api.v1.Resources;

/** What a simulated machine says of itself. */
record Facts(String hostname) implements Machine {
    private static final long GIB = 1L << 30;

    @Override
    public Resources capacity() {
        return Resources.newBuilder()
                .setCpuCores(4)
                .setMemoryBytes(memory().total())
                .setDiskBytes(disk().total())
                .build();
    }

    @Override
    public Amount memory() {
        return new Amount(16 * GIB, 12 * GIB);
    }

    @Override
    public Amount disk() {
        return new Amount(200 * GIB, 150 * GIB);
    }

    @Override
    public String kernel() {
        return "simulated";
    }
}
