package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.Mac;

import java.util.List;

/**
 * An address of a network and who has it.
 *
 * @param here this node answers for it to hosts of the physical network
 * @param outside the MAC address that these get to see
 */
record Known(Address address, Mac mac, boolean here, Mac outside, String serves) {
    /** The addresses of a port, if some node carries it; a router speaks for its own ports. */
    static List<Known> of(LogicalPort port) {
        if (port.nodeId().isEmpty() || port.ofRouter()) {
            return List.of();
        }
        return port.addresses().stream()
                .map(
                        address ->
                                new Known(
                                        address,
                                        port.mac(),
                                        false,
                                        port.mac(),
                                        "port " + port.id()))
                .toList();
    }
}
