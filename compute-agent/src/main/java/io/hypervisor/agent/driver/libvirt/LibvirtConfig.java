package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.GuestSwitch;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How to run virtual machines.
 *
 * @param uri libvirt's connection URI
 * @param imageDirs folders whose images specs may name, searched in order
 * @param acceleration auto: KVM if a probe shows that it works, else emulation
 * @param machine QEMU's machine type: pc starts faster, q35 has PCI Express
 * @param guestSwitch where interfaces are plugged; none: guests have no interfaces
 */
public record LibvirtConfig(
        String uri,
        List<Path> imageDirs,
        Acceleration acceleration,
        MachineType machine,
        Optional<GuestSwitch> guestSwitch) {

    /** QEMU's machine types for x86. */
    public enum MachineType {
        PC,
        Q35
    }
}
