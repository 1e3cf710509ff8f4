package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Ipam;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.SubnetRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Makes a subnet and reserves its gateway's address. */
public record CreateSubnet(CreateSubnetRequest request, RequestMark mark, Fresh fresh)
        implements Action<Subnet> {
    /** How many records it makes. */
    public static final int RECORDS = 2;

    @Override
    public Decision<Subnet> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.SUBNET, mark);
        if (earlier.isPresent()) {
            return Answers.subnet(earlier.get(), List.of());
        }
        Network network = Lookup.network(now, request.getNetworkId(), 0).getNetwork();
        Lookup.requireFree(
                now,
                Table.SUBNET,
                NetworkKeys.subnetNamed(network.getId(), request.getName()),
                request.getName(),
                fresh.id());
        Prefix range = Prefix.parse(request.getCidr());
        requireNoOverlap(now, range);
        requireRoomForIpv6(network, range);
        Address gateway =
                request.getGatewayIp().isEmpty()
                        ? Addresses.firstHost(range)
                        : Address.parse(request.getGatewayIp());
        Subnet subnet =
                SubnetRules.subnet(range, gateway, request.getAllocationPoolsList())
                        .setId(fresh.id())
                        .setName(request.getName())
                        .setNetworkId(network.getId())
                        .addAllDnsServers(SubnetRules.dnsServers(request.getDnsServersList()))
                        .setEnableDhcp(request.getEnableDhcp())
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at())
                        .build();
        SubnetRecord record = SubnetRecord.newBuilder().setSubnet(subnet).setRequest(mark).build();
        return Answers.subnet(
                subnet.getId(),
                List.of(
                        Edit.put(Table.SUBNET, subnet.getId(), record),
                        Ipam.gateway(subnet, fresh.ids().get(1))));
    }

    /** No address may mean two hosts of one network, or of networks that a router joins. */
    private void requireNoOverlap(Snapshot now, Prefix range) {
        NetworkState state = now.network();
        String network = request.getNetworkId();
        Stream<String> routed =
                state.find(NetworkKeys.routerOfNetwork(network)).stream()
                        .flatMap(id -> state.routers().get(id).value().getInterfacesList().stream())
                        .map(RouterInterface::getSubnetId);
        Stream.concat(state.find(NetworkKeys.subnetOfNetwork(network)).stream(), routed)
                .map(id -> Lookup.subnet(now, id, 0).getSubnet())
                .filter(subnet -> Addresses.overlap(range, SubnetRules.range(subnet)))
                .findFirst()
                .ifPresent(
                        subnet -> {
                            throw overlap(range, subnet);
                        });
    }

    private static Fault overlap(Prefix range, Subnet other) {
        return Fault.of(
                Fault.Kind.FAILED_PRECONDITION,
                "OVERLAP",
                "cidr: value: "
                        + range
                        + " (expected: no address of another subnet; subnet "
                        + other.getId()
                        + " of network "
                        + other.getNetworkId()
                        + " has "
                        + other.getCidr()
                        + ")");
    }

    private static void requireRoomForIpv6(Network network, Prefix range) {
        if (range.v6() && network.getMtu() < UpdateNetwork.MIN_IPV6_MTU) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "MTU_TOO_SMALL",
                    "network "
                            + network.getId()
                            + ": mtu: "
                            + network.getMtu()
                            + " (expected: at least "
                            + UpdateNetwork.MIN_IPV6_MTU
                            + " for an IPv6 subnet)");
        }
    }
}
