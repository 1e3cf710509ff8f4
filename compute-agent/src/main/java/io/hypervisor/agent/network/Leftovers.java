package io.hypervisor.agent.network;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Devices of containers that are gone, as when somebody else removed all that containerd knew of
 * one. One that is seen twice without an owner is removed.
 */
final class Leftovers {
    private final Devices devices;
    private Set<String> suspects = Set.of();

    Leftovers(Devices devices) {
        this.devices = devices;
    }

    /** Looks once, knowing all instances that are wanted here or exist here in any way. */
    void sweep(Set<String> instances) {
        Set<String> seen = new HashSet<>();
        for (Map.Entry<String, String> device : devices.ofInstances().entrySet()) {
            if (instances.contains(device.getValue())) {
                continue;
            }
            if (suspects.contains(device.getKey())) {
                devices.remove(device.getKey(), device.getValue());
            } else {
                seen.add(device.getKey());
            }
        }
        suspects = seen;
    }

    /** Nothing is known for certain now. */
    void forget() {
        suspects = Set.of();
    }
}
