package io.hypervisor.controller.action.network;

import io.hypervisor.api.v1.IPPool;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Who holds which address of a subnet, the way one would write it down: address by address. */
final class AddressModel {
    final String networkId;
    final Prefix range;
    final List<Address> pools = new ArrayList<>();
    final NavigableMap<Address, String> held = new TreeMap<>();

    AddressModel(Subnet subnet) {
        networkId = subnet.getNetworkId();
        range = Prefix.parse(subnet.getCidr());
        held.put(Address.parse(subnet.getGatewayIp()), "gateway");
        setPools(subnet);
    }

    /** Every address of every pool, in order. */
    void setPools(Subnet subnet) {
        pools.clear();
        for (IPPool pool : subnet.getAllocationPoolsList()) {
            Address end = Address.parse(pool.getEnd());
            for (Address at = Address.parse(pool.getStart());
                    at.compareTo(end) <= 0;
                    at = at.step(1)) {
                pools.add(at);
            }
        }
    }

    /** The next free address of the pools. */
    Optional<Address> next() {
        return pools.stream()
                .filter(at -> Addresses.isHost(range, at) && !held.containsKey(at))
                .findFirst();
    }

    /** Whether the address can be taken. */
    boolean free(Address address) {
        return Addresses.isHost(range, address) && !held.containsKey(address);
    }
}
