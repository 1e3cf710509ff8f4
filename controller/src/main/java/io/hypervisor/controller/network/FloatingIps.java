package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What maps to what. */
public final class FloatingIps {
    /** How many ids one takes: its own, that of its MAC address and that of its allocation. */
    public static final int IDS = 3;

    private FloatingIps() {}

    /**
     * The next free IPv4 address of an external network as a floating IP, which is in the record as
     * far as the caller knows it. FAILED_PRECONDITION without an IPv4 subnet, RESOURCE_EXHAUSTED
     * when none is free.
     */
    public static List<Edit> create(
            Snapshot now,
            FloatingIPRecord.Builder record,
            Network network,
            Fresh fresh,
            NetworkConfig config) {
        List<Subnet> subnets =
                Gateways.subnets(now, network.getId()).stream().filter(s -> !s.getIpv6()).toList();
        if (subnets.isEmpty()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NO_SUBNET",
                    "network " + network.getId() + ": has no IPv4 subnet (expected: one at least)");
        }
        FixedIP address = Gateways.nextFree(now, subnets);
        record.setMacAddress(Macs.next(now, config, fresh.ids().get(1)))
                .getFloatingIpBuilder()
                .setId(fresh.id())
                .setFloatingIp(address.getIpAddress())
                .setFloatingNetworkId(network.getId())
                .setCreatedAt(fresh.at())
                .setUpdatedAt(fresh.at());
        return List.of(
                Edit.put(Table.FLOATING_IP, fresh.id(), record.build()),
                Ipam.take(
                        Ipam.hold(
                                        fresh.ids().get(2),
                                        address.getSubnetId(),
                                        Address.parse(address.getIpAddress()),
                                        Holder.HOLDER_FLOATING_IP,
                                        fresh.id(),
                                        fresh.at())
                                .build()));
    }

    /** Removes a floating IP and frees its address. */
    public static List<Edit> delete(Snapshot now, FloatingIP ip) {
        List<Edit> edits = new ArrayList<>();
        edits.add(Edit.delete(Table.FLOATING_IP, ip.getId()));
        Address address = Address.parse(ip.getFloatingIp());
        Gateways.subnets(now, ip.getFloatingNetworkId()).stream()
                .filter(
                        subnet ->
                                Ipam.holder(now, subnet, address)
                                        .filter(held -> held.getHolderId().equals(ip.getId()))
                                        .isPresent())
                .forEach(subnet -> edits.add(Ipam.free(subnet.getId(), ip.getFloatingIp())));
        return edits;
    }

    /**
     * Writes a floating IP that maps to an address of a port; both empty: to none. It is its
     * tenant's affair from then on, whoever made it.
     */
    public static Edit write(FloatingIPRecord record, String portId, String fixedIp, Timestamp at) {
        FloatingIPRecord.Builder next = record.toBuilder().clearOfInstance();
        next.getFloatingIpBuilder().setPortId(portId).setFixedIp(fixedIp).setUpdatedAt(at);
        return Edit.put(Table.FLOATING_IP, record.getFloatingIp().getId(), next.build());
    }

    /**
     * The IPv4 address of a port that a mapping means.
     *
     * @param wanted one of the port's; "": its own
     * @throws Fault INVALID_ARGUMENT if the port does not have it
     */
    public static String fixedIp(Snapshot now, Port port, String wanted) {
        String fixed = wanted.isEmpty() ? port.getIpAddress() : Address.parse(wanted).toString();
        boolean has =
                fixed.equals(port.getIpAddress())
                        || reserved(now, port).anyMatch(a -> a.getIpAddress().equals(fixed));
        if (!has || fixed.contains(":")) {
            throw Fault.invalid(
                    "fixed_ip",
                    fixed,
                    "an IPv4 address of port " + port.getId() + ", its own or one reserved for it");
        }
        return fixed;
    }

    private static Stream<IPAllocation> reserved(Snapshot now, Port port) {
        return now.network().find(NetworkKeys.allocationOfPort(port.getId())).stream()
                .map(id -> now.network().allocations().get(id).value().getAllocation());
    }

    /** ALREADY_EXISTS when another floating IP maps to the address. */
    public static void requireUnmapped(Snapshot now, String id, String portId, String fixedIp) {
        for (String other : now.network().find(NetworkKeys.floatingIpOfPort(portId))) {
            FloatingIP ip = Lookup.floatingIp(now, other, 0).getFloatingIp();
            if (!other.equals(id) && ip.getFixedIp().equals(fixedIp)) {
                throw Lookup.taken(Table.FLOATING_IP, other, "fixed_ip", fixedIp);
            }
        }
    }

    /** The router that leads from an address of a port to a floating network. */
    public static Optional<String> router(
            Snapshot now, Port port, String fixedIp, String floatingNetworkId) {
        Address address = Address.parse(fixedIp);
        return now.network().find(NetworkKeys.subnetOfNetwork(port.getNetworkId())).stream()
                .map(id -> Lookup.subnet(now, id, 0).getSubnet())
                .filter(subnet -> Prefix.parse(subnet.getCidr()).contains(address))
                .map(Subnet::getId)
                .flatMap(id -> routers(now, id).stream())
                .filter(id -> leadsTo(now, id, floatingNetworkId))
                .findFirst();
    }

    private static Set<String> routers(Snapshot now, String subnetId) {
        return now.network().find(NetworkKeys.routerOfSubnet(subnetId));
    }

    private static boolean leadsTo(Snapshot now, String routerId, String networkId) {
        return Lookup.router(now, routerId, 0)
                .getRouter()
                .getExternalGateway()
                .getNetworkId()
                .equals(networkId);
    }
}
