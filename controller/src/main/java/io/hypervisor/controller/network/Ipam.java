package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;

import java.util.List;
import java.util.Optional;

/**
 * Addresses and who holds them. What takes an address puts {@link #take} into its own transaction,
 * and what frees it {@link #free}: so there is no moment in which one exists without the other.
 */
public final class Ipam {
    private static final String RESERVED = "RESERVED";
    private static final String IN_USE = "IN_USE";

    private Ipam() {}

    /**
     * The address that a verb takes: the one that is asked for, or the next free one of the pools.
     *
     * @param field names the address in faults
     * @param wanted an address, or "" for the next free one
     * @throws Fault INVALID_ARGUMENT for an address that no host of the subnet may have,
     *     ALREADY_EXISTS when it is held, RESOURCE_EXHAUSTED when none is free
     */
    public static Address choose(Snapshot now, Subnet subnet, String field, String wanted) {
        if (wanted.isEmpty()) {
            return nextFree(now, subnet).orElseThrow(() -> exhausted(List.of(subnet)));
        }
        Address address = host(subnet, field, wanted);
        holder(now, subnet, address)
                .ifPresent(
                        held -> {
                            throw taken(field, address, held);
                        });
        return address;
    }

    /** The next free address of a subnet's pools. */
    public static Optional<Address> nextFree(Snapshot now, Subnet subnet) {
        return SubnetRules.nextFree(subnet, now.network().held(subnet.getId()));
    }

    /** An address that a host of the subnet may have, or INVALID_ARGUMENT. */
    static Address host(Subnet subnet, String field, String text) {
        return Addresses.address(text)
                .filter(address -> Addresses.isHost(SubnetRules.range(subnet), address))
                .orElseThrow(
                        () ->
                                Fault.invalid(
                                        field,
                                        text,
                                        "an address in "
                                                + subnet.getCidr()
                                                + " of subnet "
                                                + subnet.getId()
                                                + ", neither its network nor its broadcast"
                                                + " address"));
    }

    /** RESOURCE_EXHAUSTED: the pools of these subnets have no free address. */
    static Fault exhausted(List<Subnet> subnets) {
        return Fault.of(
                Fault.Kind.RESOURCE_EXHAUSTED,
                "NO_FREE_ADDRESS",
                "all addresses of the allocation pools are held in "
                        + String.join(
                                ", ",
                                subnets.stream()
                                        .map(s -> "subnet " + s.getId() + " (" + s.getCidr() + ")")
                                        .toList())
                        + " (expected: a free one; release some or widen the pools)");
    }

    private static Fault taken(String field, Address address, AllocationRecord held) {
        return Fault.alreadyExists(
                "IP address",
                address.toString(),
                field
                        + ": value: "
                        + address
                        + " (expected: an address that is free; "
                        + describe(held)
                        + " holds it)");
    }

    /** Who holds an address of a subnet. */
    public static Optional<AllocationRecord> holder(Snapshot now, Subnet subnet, Address address) {
        return Optional.ofNullable(
                        now.network()
                                .allocations()
                                .get(NetworkKeys.allocation(subnet.getId(), address)))
                .map(entry -> entry.value());
    }

    /** What holds an address, as errors name it. */
    public static String describe(AllocationRecord record) {
        String id = record.getHolderId();
        return switch (record.getHolder()) {
            case HOLDER_GATEWAY -> "the subnet's gateway";
            case HOLDER_PORT -> "port " + id;
            case HOLDER_ROUTER -> "router " + id;
            case HOLDER_FLOATING_IP -> "floating IP " + id;
            case HOLDER_BY_HAND, HOLDER_UNSPECIFIED, UNRECOGNIZED ->
                    "allocation " + record.getAllocation().getId();
        };
    }

    /**
     * The record of an address that something takes, for the caller to complete.
     *
     * @param id of the allocation
     */
    public static AllocationRecord.Builder hold(
            String id,
            String subnetId,
            Address address,
            Holder holder,
            String holderId,
            Timestamp at) {
        boolean byHand = holder == Holder.HOLDER_BY_HAND;
        return AllocationRecord.newBuilder()
                .setAllocation(
                        IPAllocation.newBuilder()
                                .setId(id)
                                .setSubnetId(subnetId)
                                .setIpAddress(address.toString())
                                .setStatus(byHand ? RESERVED : IN_USE)
                                .setCreatedAt(at))
                .setHolder(holder)
                .setHolderId(holderId);
    }

    /** Takes the address of a new subnet's gateway. */
    public static Edit gateway(Subnet subnet, String id) {
        return take(
                hold(
                                id,
                                subnet.getId(),
                                Address.parse(subnet.getGatewayIp()),
                                Holder.HOLDER_GATEWAY,
                                subnet.getId(),
                                subnet.getCreatedAt())
                        .build());
    }

    /** Takes an address for the record's holder. */
    public static Edit take(AllocationRecord record) {
        return Edit.put(Table.ALLOCATION, id(record.getAllocation()), record);
    }

    private static String id(IPAllocation allocation) {
        return id(allocation.getSubnetId(), allocation.getIpAddress());
    }

    private static String id(String subnetId, String address) {
        return NetworkKeys.allocation(subnetId, Address.parse(address));
    }

    /** Frees an address of a subnet. */
    public static Edit free(String subnetId, String address) {
        return Edit.delete(Table.ALLOCATION, id(subnetId, address));
    }
}
