package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Ipam;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reserves an address by hand. */
public record AllocateIP(AllocateIPRequest request, RequestMark mark, Fresh fresh)
        implements Action<IPAllocation> {
    // All of them change with the port, in one transaction.
    private static final int MAX_OF_PORT = 16;

    @Override
    public Decision<IPAllocation> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.ALLOCATION, mark);
        if (earlier.isPresent()) {
            return Answers.allocation(earlier.get(), List.of());
        }
        Subnet subnet = Lookup.subnet(now, request.getSubnetId(), 0).getSubnet();
        if (!request.getInstanceId().isEmpty()) {
            Lookup.requireInstance(now, request.getInstanceId());
        }
        if (!request.getPortId().isEmpty()) {
            checkPort(now, subnet);
        }
        Address address = Ipam.choose(now, subnet, "ip_address", request.getIpAddress());
        AllocationRecord.Builder record =
                Ipam.hold(
                                fresh.id(),
                                subnet.getId(),
                                address,
                                Holder.HOLDER_BY_HAND,
                                "",
                                fresh.at())
                        .setRequest(mark);
        record.getAllocationBuilder()
                .setMacAddress(request.getMacAddress().toLowerCase(Locale.ROOT))
                .setInstanceId(request.getInstanceId())
                .setPortId(request.getPortId())
                .setHostname(request.getHostname());
        return Answers.allocation(
                NetworkKeys.allocation(subnet.getId(), address),
                List.of(Ipam.take(record.build())));
    }

    private void checkPort(Snapshot now, Subnet subnet) {
        Port port = Lookup.port(now, request.getPortId(), 0).getPort();
        if (!port.getNetworkId().equals(subnet.getNetworkId())) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "OTHER_NETWORK",
                    "port "
                            + port.getId()
                            + ": is of network "
                            + port.getNetworkId()
                            + " (expected: network "
                            + subnet.getNetworkId()
                            + ", that of subnet "
                            + subnet.getId()
                            + ")");
        }
        int held = now.network().find(NetworkKeys.allocationOfPort(port.getId())).size() - 1;
        if (held >= MAX_OF_PORT) {
            throw Fault.of(
                    Fault.Kind.RESOURCE_EXHAUSTED,
                    "TOO_MANY_ADDRESSES",
                    "port "
                            + port.getId()
                            + ": "
                            + held
                            + " addresses are reserved for it (expected: at most "
                            + MAX_OF_PORT
                            + " beside its own)");
        }
    }
}
