package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

/**
 * An address of a network and who has it.
 *
 * @param here this node answers for it to hosts of the physical network
 * @param outside the MAC address that these get to see
 */
record Known(Address address, Mac mac, boolean here, Mac outside, String serves) {}
