package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;

import java.util.Optional;

/**
 * A question with what the registers of its packet say.
 *
 * @param port the local port that asks; none: a physical host, or a router
 * @param physical it came from a physical network
 * @param nextHop of {@link Question#NEXT_HOP}: whose MAC address is asked for
 * @param asker of the same in IPv4: in whose name
 */
public record Asked(
        Question question,
        LogicalNetwork network,
        Optional<LogicalPort> port,
        boolean physical,
        Optional<Address> nextHop,
        Optional<Address> asker) {}
