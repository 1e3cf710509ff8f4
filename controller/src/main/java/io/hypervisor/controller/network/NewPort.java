package io.hypervisor.controller.network;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.PortBindingType;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An unbound port to be, with what has to be written beside it: its address, and its tenant's
 * default group if that does not exist yet.
 */
public record NewPort(Port port, List<Edit> others) {
    /** How many ids it takes. */
    public static final int IDS = 2 + DefaultGroups.IDS;

    public NewPort {
        others = List.copyOf(others);
    }

    /**
     * A port as it is asked for.
     *
     * @param at what field names begin with, in faults
     */
    public static NewPort of(
            Snapshot now, CreatePortRequest request, String at, Fresh fresh, NetworkConfig config) {
        Network network = Lookup.network(now, request.getNetworkId(), 0).getNetwork();
        String tenant =
                request.getTenantId().isEmpty() ? network.getTenantId() : request.getTenantId();
        requireAllowed(network, tenant);
        requireFreeName(now, request);
        requireFits(network, request.getBindingType(), at);
        Tenants.requireMayUse(now, request.getSecurityGroupsList(), tenant, network);
        DefaultGroups.Group groups = groups(now, request, network, fresh.after(2));
        Place place = place(now, request, at);
        boolean chosen = request.getBindingType() != PortBindingType.PORT_BINDING_UNSPECIFIED;
        Port.Builder port =
                Port.newBuilder()
                        .setId(fresh.id())
                        .setName(request.getName())
                        .setNetworkId(network.getId())
                        .setSubnetId(place.subnet.getId())
                        .setMacAddress(mac(now, request, fresh.id(), at, config))
                        .setIpAddress(place.address.toString())
                        .addAllSecurityGroups(request.getSecurityGroupsList())
                        .setAdminState(true)
                        .setBindingType(
                                chosen
                                        ? request.getBindingType()
                                        : PortBindingType.PORT_BINDING_OVS)
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at())
                        .setTenantId(tenant);
        if (request.getSecurityGroupsCount() == 0) {
            port.addSecurityGroups(groups.id());
        }
        if (request.hasRateLimit()) {
            port.setRateLimit(request.getRateLimit());
        }
        List<Edit> others = new ArrayList<>(groups.edits());
        others.add(Ipam.take(allocation(port, place.address, fresh)));
        return new NewPort(port.build(), others);
    }

    private static AllocationRecord allocation(Port.Builder port, Address address, Fresh fresh) {
        AllocationRecord.Builder held =
                Ipam.hold(
                        fresh.ids().get(1),
                        port.getSubnetId(),
                        address,
                        Holder.HOLDER_PORT,
                        port.getId(),
                        fresh.at());
        held.getAllocationBuilder().setMacAddress(port.getMacAddress()).setPortId(port.getId());
        return held.build();
    }

    private static void requireAllowed(Network network, String tenant) {
        if (!network.getShared() && !network.getTenantId().equals(tenant)) {
            throw Fault.of(
                    Fault.Kind.PERMISSION_DENIED,
                    "OTHER_TENANT",
                    "network "
                            + network.getId()
                            + ": is of tenant "
                            + network.getTenantId()
                            + " and not shared (expected: a port of that tenant, not of "
                            + tenant
                            + ")");
        }
    }

    private static void requireFreeName(Snapshot now, CreatePortRequest request) {
        Lookup.requireFree(
                now,
                Table.PORT,
                NetworkKeys.portNamed(request.getNetworkId(), request.getName()),
                request.getName(),
                "");
    }

    private static void requireFits(Network network, PortBindingType binding, String at) {
        NetworkType type = network.getType();
        boolean fits =
                switch (binding) {
                    case PORT_BINDING_LINUX_BRIDGE -> type == NetworkType.NETWORK_TYPE_BRIDGE;
                    case PORT_BINDING_SRIOV ->
                            type == NetworkType.NETWORK_TYPE_VLAN
                                    || type == NetworkType.NETWORK_TYPE_FLAT;
                    case PORT_BINDING_OVS,
                            PORT_BINDING_VHOST_USER,
                            PORT_BINDING_UNSPECIFIED,
                            UNRECOGNIZED ->
                            true;
                };
        if (!fits) {
            throw Fault.invalid(
                    at + "binding_type",
                    binding,
                    "one that fits network " + network.getId() + ", which is of type " + type);
        }
    }

    /** Where an address is taken. */
    private record Place(Subnet subnet, Address address) {}

    private static Place place(Snapshot now, CreatePortRequest request, String at) {
        String field = at + "ip_address";
        if (!request.getSubnetId().isEmpty()) {
            Subnet subnet = Lookup.subnet(now, request.getSubnetId(), 0).getSubnet();
            requireOfNetwork(subnet, request.getNetworkId());
            return new Place(subnet, Ipam.choose(now, subnet, field, request.getIpAddress()));
        }
        List<Subnet> subnets =
                now.network().find(NetworkKeys.subnetOfNetwork(request.getNetworkId())).stream()
                        .map(id -> Lookup.subnet(now, id, 0).getSubnet())
                        .toList();
        if (subnets.isEmpty()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NO_SUBNET",
                    "network "
                            + request.getNetworkId()
                            + ": has no subnet (expected: one to take an address from)");
        }
        return request.getIpAddress().isEmpty()
                ? next(now, subnets)
                : wanted(now, subnets, field, request.getIpAddress());
    }

    /** Ids are in the order of their making: the oldest subnet comes first. */
    private static Place next(Snapshot now, List<Subnet> subnets) {
        for (Subnet subnet : subnets) {
            Optional<Address> free = Ipam.nextFree(now, subnet);
            if (free.isPresent()) {
                return new Place(subnet, free.get());
            }
        }
        throw Ipam.exhausted(subnets);
    }

    private static Place wanted(Snapshot now, List<Subnet> subnets, String field, String text) {
        Optional<Address> address = Addresses.address(text);
        Subnet subnet =
                subnets.stream()
                        .filter(s -> address.filter(SubnetRules.range(s)::contains).isPresent())
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        Fault.invalid(
                                                field,
                                                text,
                                                "an address of the network's subnets"));
        return new Place(subnet, Ipam.choose(now, subnet, field, text));
    }

    private static void requireOfNetwork(Subnet subnet, String networkId) {
        if (!subnet.getNetworkId().equals(networkId)) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "OTHER_NETWORK",
                    "subnet "
                            + subnet.getId()
                            + ": is of network "
                            + subnet.getNetworkId()
                            + " (expected: a subnet of network "
                            + networkId
                            + ")");
        }
    }

    private static String mac(
            Snapshot now, CreatePortRequest request, String id, String at, NetworkConfig config) {
        if (request.getMacAddress().isEmpty()) {
            return Macs.next(now, config, id);
        }
        String mac = Mac.parse(request.getMacAddress()).toString();
        now.network().find(NetworkKeys.portOfMac(request.getNetworkId(), mac)).stream()
                .findFirst()
                .ifPresent(
                        taken -> {
                            throw Lookup.taken(Table.PORT, taken, at + "mac_address", mac);
                        });
        return mac;
    }

    private static DefaultGroups.Group groups(
            Snapshot now, CreatePortRequest request, Network network, Fresh fresh) {
        return request.getSecurityGroupsCount() == 0
                ? DefaultGroups.of(now, network.getTenantId(), fresh)
                : new DefaultGroups.Group("", List.of());
    }
}
