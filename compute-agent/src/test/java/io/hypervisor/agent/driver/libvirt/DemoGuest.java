package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.api.v1.InstanceSpec;

/** Specs of the demo guest. */
final class DemoGuest {
    private static final long MEMORY = 112L << 20;

    private DemoGuest() {}

    static InstanceSpec shell() {
        return InstanceSpec.newBuilder()
                .setImage("demo-guest")
                .setCpuCores(1)
                .setMemoryBytes(MEMORY)
                .build();
    }

    /** Runs a program when it has booted. */
    static InstanceSpec running(String program) {
        return InstanceSpec.newBuilder()
                .setKernel("demo-guest")
                .setInitrd("demo-guest")
                .setKernelArgs("console=ttyS0 quiet demo.run=" + program)
                .setCpuCores(1)
                .setMemoryBytes(MEMORY)
                .build();
    }
}
