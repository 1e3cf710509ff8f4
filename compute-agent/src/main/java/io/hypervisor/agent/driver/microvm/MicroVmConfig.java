package io.hypervisor.agent.driver.microvm;

import io.hypervisor.agent.driver.guest.Acceleration;

import java.nio.file.Path;
import java.util.List;

/**
 * How to run microVMs.
 *
 * @param imageDirs folders whose images specs may name, searched in order
 * @param user whom QEMU becomes once it has opened its files and devices; empty: nobody else
 * @param offload whether guests may leave checksums to the host, which the userspace datapath does
 *     not complete
 */
public record MicroVmConfig(
        List<Path> imageDirs, Acceleration acceleration, String user, boolean offload) {}
