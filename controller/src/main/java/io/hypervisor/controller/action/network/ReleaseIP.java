package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Ipam;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;

import java.util.List;

/** Frees an address that was reserved by hand. */
public record ReleaseIP(ReleaseIPRequest request) implements Action<Empty> {
    private static final String TYPE = "IP address";

    @Override
    public Decision<Empty> decide(Snapshot now) {
        Lookup.subnet(now, request.getSubnetId(), 0);
        Address address = Address.parse(request.getIpAddress());
        String id = NetworkKeys.allocation(request.getSubnetId(), address);
        if (!now.network().allocations().containsKey(id)) {
            throw Fault.notFound(TYPE, address.toString());
        }
        AllocationRecord record = Lookup.allocation(now, id, request.getExpectedRevision());
        if (record.getHolder() != Holder.HOLDER_BY_HAND) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "IN_USE",
                    TYPE
                            + " "
                            + address
                            + ": "
                            + Ipam.describe(record)
                            + " holds it (expected: one that AllocateIP reserved; others are freed"
                            + " with their holder)");
        }
        IPAllocation allocation = record.getAllocation();
        List<String> mapped =
                now.network().find(NetworkKeys.floatingIpOfPort(allocation.getPortId())).stream()
                        .filter(
                                floating ->
                                        Lookup.floatingIp(now, floating, 0)
                                                .getFloatingIp()
                                                .getFixedIp()
                                                .equals(allocation.getIpAddress()))
                        .toList();
        new Holders(TYPE, allocation.getIpAddress())
                .add(Lookup.type(Table.FLOATING_IP), mapped)
                .throwIfAny("no floating IP; disassociate it first");
        return Answers.done(List.of(Ipam.free(request.getSubnetId(), allocation.getIpAddress())));
    }
}
