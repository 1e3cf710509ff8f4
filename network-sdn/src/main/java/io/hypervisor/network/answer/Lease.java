package io.hypervisor.network.answer;

import io.hypervisor.network.compiler.Directory;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalSubnet;
import io.hypervisor.network.model.Mac;

import java.util.List;
import java.util.Optional;

/**
 * What a port gets by DHCP in one address family.
 *
 * @param server who speaks for the subnet's gateway, in whose name it is handed out
 * @param neighbours other subnets of the network, which are reached without a router
 * @param domain what names are looked up in
 */
record Lease(
        LogicalPort port,
        int mtu,
        LogicalSubnet subnet,
        Address address,
        Mac server,
        List<Address> dnsServers,
        List<LogicalSubnet> neighbours,
        String domain) {
    /**
     * Addresses belong to ports, so they could be had for good; this is how soon changes arrive.
     */
    static final int SECONDS = 86_400;

    /** When the client asks again, and when it asks anybody. */
    static final int RENEW_SECONDS = SECONDS / 2;

    static final int REBIND_SECONDS = SECONDS / 8 * 7;

    /** The lease of a port; none: it has no address in a subnet with DHCP. */
    static Optional<Lease> of(Directory directory, LogicalPort port, boolean v6, String domain) {
        LogicalNetwork network = directory.network(port);
        List<LogicalSubnet> subnets =
                directory.subnets(network).stream().filter(s -> s.cidr().v6() == v6).toList();
        for (Address address : port.addresses()) {
            for (LogicalSubnet subnet : subnets) {
                if (subnet.cidr().contains(address) && subnet.source().getEnableDhcp()) {
                    return Optional.of(
                            new Lease(
                                    port,
                                    network.source().getMtu(),
                                    subnet,
                                    address,
                                    directory.gateway(subnet),
                                    dnsServers(subnet),
                                    subnets.stream().filter(s -> !s.equals(subnet)).toList(),
                                    domain));
                }
            }
        }
        return Optional.empty();
    }

    /** Without others, the gateway address, where the node answers. */
    static List<Address> dnsServers(LogicalSubnet subnet) {
        List<Address> servers =
                subnet.source().getDnsServersList().stream().map(Address::parse).toList();
        return servers.isEmpty() ? List.of(subnet.gateway()) : servers;
    }

    /** The guest's name; empty: it has none. */
    String hostname() {
        return port.source().getHostnamesList().stream().findFirst().orElse("");
    }
}
