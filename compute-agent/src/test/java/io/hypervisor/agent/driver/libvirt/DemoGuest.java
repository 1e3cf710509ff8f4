package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Command;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The demo guest: its image, and specs of it. */
public final class DemoGuest {
    private static final long MEMORY = 112L << 20;

    private static final Path IMAGES = Path.of("target/images").toAbsolutePath();
    // Its kernel may have to be fetched first.
    private static final Duration BUILD = Duration.ofMinutes(5);

    private DemoGuest() {}

    /** The folder of images, with demo-guest in it. */
    public static Path images() {
        String build = Path.of("../deploy/images/demo-guest/build").toAbsolutePath().toString();
        Command.Ended built = Command.run(BUILD, List.of(build, IMAGES.toString()));
        if (!built.ok()) {
            throw new IllegalStateException(built.failure());
        }
        return IMAGES;
    }

    /** A shell on its console. */
    public static InstanceSpec shell() {
        return InstanceSpec.newBuilder()
                .setImage("demo-guest")
                .setCpuCores(1)
                .setMemoryBytes(MEMORY)
                .build();
    }

    /** Runs a program when it has booted. */
    public static InstanceSpec running(String program) {
        return InstanceSpec.newBuilder()
                .setKernel("demo-guest")
                .setInitrd("demo-guest")
                .setKernelArgs("console=ttyS0 quiet demo.run=" + program)
                .setCpuCores(1)
                .setMemoryBytes(MEMORY)
                .build();
    }
}
