package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Derives from a Snapshot the interfaces of instances. Pure. */
final class Nics {
    private Nics() {}

    /** The interface of spec.network first, then those bound by hand, by port id. */
    static List<Nic> of(Snapshot now, String instanceId) {
        NetworkState network = now.network();
        List<Nic> nics = new ArrayList<>();
        network.portsOfInstance(instanceId).stream()
                .map(id -> network.ports().get(id).value())
                .sorted(
                        Comparator.comparing((PortRecord port) -> !port.getOfInstance())
                                .thenComparing(port -> port.getPort().getId()))
                .forEach(port -> nics.add(nic(network, port.getPort(), nics.isEmpty())));
        return nics;
    }

    /** Only the first has gateways: an instance leaves its networks by one way. */
    private static Nic nic(NetworkState network, Port port, boolean first) {
        Nic.Builder nic =
                Nic.newBuilder()
                        .setPortId(port.getId())
                        .setMacAddress(port.getMacAddress())
                        .setMtu(mtu(network, port.getNetworkId()))
                        .setDeviceName(port.getDeviceName())
                        .setBindingType(port.getBindingType());
        addresses(network, port)
                .forEach(address -> add(network, nic, address.subnetId, address.ip, first));
        return nic.build();
    }

    private record Address(String subnetId, String ip) {}

    private static Stream<Address> addresses(NetworkState network, Port port) {
        Stream<Address> reserved =
                network.find(NetworkKeys.allocationOfPort(port.getId())).stream()
                        .map(id -> network.allocations().get(id).value())
                        .map(AllocationRecord::getAllocation)
                        .map(a -> new Address(a.getSubnetId(), a.getIpAddress()))
                        .filter(a -> !a.ip.equals(port.getIpAddress()));
        return Stream.concat(
                Stream.of(new Address(port.getSubnetId(), port.getIpAddress())), reserved);
    }

    private static void add(
            NetworkState network, Nic.Builder nic, String subnetId, String ip, boolean first) {
        var entry = network.subnets().get(subnetId);
        if (entry == null) {
            return;
        }
        Subnet subnet = entry.value().getSubnet();
        String cidr = subnet.getCidr();
        nic.addAddresses(ip + cidr.substring(cidr.indexOf('/')));
        boolean hasOne =
                nic.getGatewaysList().stream()
                        .anyMatch(gateway -> gateway.contains(":") == subnet.getIpv6());
        if (first && !hasOne) {
            nic.addGateways(subnet.getGatewayIp());
        }
        Stream<String> servers =
                subnet.getDnsServersCount() == 0
                        ? Stream.of(subnet.getGatewayIp())
                        : subnet.getDnsServersList().stream();
        servers.filter(server -> !nic.getDnsServersList().contains(server))
                .forEach(nic::addDnsServers);
    }

    private static int mtu(NetworkState network, String id) {
        var entry = network.networks().get(id);
        return entry == null ? 0 : entry.value().getNetwork().getMtu();
    }
}
