package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A router's way out of the cluster: the external network and the router's addresses there. */
public final class Gateways {
    /** How many allocations a gateway has at most: one of each family. */
    public static final int MAX_ADDRESSES = 2;

    private Gateways() {}

    /**
     * A gateway as it is asked for.
     *
     * @param field names it in faults
     * @param own addresses that the router has already
     */
    public record Wish(String field, ExternalGateway gateway, List<FixedIP> own) {
        String address(int index) {
            return field + ".external_fixed_ips[" + index + "].ip_address";
        }
    }

    /** A gateway with its addresses written out, and the edits that take them. */
    public record Chosen(ExternalGateway gateway, List<Edit> edits) {}

    /**
     * Chooses the addresses of a gateway. NOT_FOUND for its network or subnet, FAILED_PRECONDITION
     * when the network is not external or has no subnet, and what {@link Ipam#choose} says.
     *
     * @param ids of the allocations
     */
    public static Chosen choose(
            Snapshot now, Wish wish, String routerId, List<String> ids, Timestamp at) {
        Network network = external(now, wish.gateway().getNetworkId());
        List<Subnet> subnets = subnets(now, network.getId());
        if (subnets.isEmpty()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NO_SUBNET",
                    "network " + network.getId() + ": has no subnet (expected: one at least)");
        }
        ExternalGateway.Builder gateway = wish.gateway().toBuilder().clearExternalFixedIps();
        List<Edit> edits = new ArrayList<>();
        for (FixedIP fixed : addresses(now, wish, subnets)) {
            Address address = Address.parse(fixed.getIpAddress());
            gateway.addExternalFixedIps(fixed);
            if (wish.own().contains(fixed)) {
                continue;
            }
            edits.add(
                    Ipam.take(
                            Ipam.hold(
                                            ids.get(edits.size()),
                                            fixed.getSubnetId(),
                                            address,
                                            Holder.HOLDER_ROUTER,
                                            routerId,
                                            at)
                                    .build()));
        }
        return new Chosen(gateway.build(), edits);
    }

    /** The edits that free addresses of a gateway. */
    public static List<Edit> free(List<FixedIP> addresses) {
        return addresses.stream()
                .map(fixed -> Ipam.free(fixed.getSubnetId(), fixed.getIpAddress()))
                .toList();
    }

    /** An external network: NOT_FOUND, or FAILED_PRECONDITION. */
    public static Network external(Snapshot now, String networkId) {
        Network network = Lookup.network(now, networkId, 0).getNetwork();
        if (!network.getExternal()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NOT_EXTERNAL",
                    "network " + networkId + ": is not external (expected: an external network)");
        }
        return network;
    }

    /** The subnets of a network, the oldest first: ids are in the order of their making. */
    public static List<Subnet> subnets(Snapshot now, String networkId) {
        return now.network().find(NetworkKeys.subnetOfNetwork(networkId)).stream()
                .map(id -> Lookup.subnet(now, id, 0).getSubnet())
                .toList();
    }

    /** The next free address of these subnets of one family, the oldest first. */
    public static FixedIP nextFree(Snapshot now, List<Subnet> subnets) {
        for (Subnet subnet : subnets) {
            Optional<Address> free = Ipam.nextFree(now, subnet);
            if (free.isPresent()) {
                return fixed(subnet, free.get());
            }
        }
        throw Ipam.exhausted(subnets);
    }

    private static List<FixedIP> addresses(Snapshot now, Wish wish, List<Subnet> subnets) {
        List<FixedIP> chosen = new ArrayList<>();
        if (wish.gateway().getExternalFixedIpsCount() > 0) {
            Set<Boolean> families = new HashSet<>();
            for (int i = 0; i < wish.gateway().getExternalFixedIpsCount(); i++) {
                FixedIP fixed = byHand(now, wish, subnets, i);
                if (!families.add(Address.parse(fixed.getIpAddress()).v6())) {
                    throw Fault.invalid(
                            wish.address(i),
                            fixed.getIpAddress(),
                            "of another address family than the one before");
                }
                chosen.add(fixed);
            }
            return chosen;
        }
        for (boolean v6 : new boolean[] {false, true}) {
            List<Subnet> family = subnets.stream().filter(s -> s.getIpv6() == v6).toList();
            if (!family.isEmpty()) {
                chosen.add(nextFree(now, family));
            }
        }
        return chosen;
    }

    private static FixedIP byHand(Snapshot now, Wish wish, List<Subnet> subnets, int index) {
        FixedIP asked = wish.gateway().getExternalFixedIps(index);
        String field = wish.address(index);
        Subnet subnet =
                asked.getSubnetId().isEmpty()
                        ? containing(subnets, field, asked.getIpAddress())
                        : subnets.stream()
                                .filter(s -> s.getId().equals(asked.getSubnetId()))
                                .findFirst()
                                .orElseThrow(
                                        () ->
                                                Fault.notFound(
                                                        Lookup.type(Table.SUBNET),
                                                        asked.getSubnetId()));
        return wish.own().stream()
                .filter(own -> own.getSubnetId().equals(subnet.getId()))
                .filter(own -> isAt(own, asked.getIpAddress()))
                .findFirst()
                .orElseGet(
                        () -> fixed(subnet, Ipam.choose(now, subnet, field, asked.getIpAddress())));
    }

    private static boolean isAt(FixedIP own, String address) {
        return !address.isEmpty()
                && Address.parse(address).equals(Address.parse(own.getIpAddress()));
    }

    private static Subnet containing(List<Subnet> subnets, String field, String ip) {
        Address address = Address.parse(ip);
        return subnets.stream()
                .filter(subnet -> Prefix.parse(subnet.getCidr()).contains(address))
                .findFirst()
                .orElseThrow(
                        () ->
                                Fault.invalid(
                                        field,
                                        ip,
                                        "an address of a subnet of the external network"));
    }

    private static FixedIP fixed(Subnet subnet, Address address) {
        return FixedIP.newBuilder()
                .setSubnetId(subnet.getId())
                .setIpAddress(address.toString())
                .build();
    }
}
