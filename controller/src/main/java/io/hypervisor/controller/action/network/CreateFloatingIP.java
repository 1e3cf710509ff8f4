package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Gateways;
import io.hypervisor.controller.network.Ipam;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.Macs;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.network.Tenants;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;

import java.util.List;
import java.util.Optional;

/** Takes a public address for a tenant. */
public record CreateFloatingIP(
        CreateFloatingIPRequest request, RequestMark mark, Fresh fresh, NetworkConfig config)
        implements Action<FloatingIP> {
    /** The floating IP, its MAC address and the allocation. */
    public static final int RECORDS = 3;

    @Override
    public Decision<FloatingIP> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.FLOATING_IP, mark);
        if (earlier.isPresent()) {
            return Answers.floatingIp(earlier.get(), List.of());
        }
        Network network = Gateways.external(now, request.getFloatingNetworkId());
        return Answers.floatingIp(
                fresh.id(),
                edits(
                        now,
                        config,
                        network,
                        FloatingIP.newBuilder(),
                        request.getTenantId(),
                        mark,
                        fresh));
    }

    /**
     * The records of a new floating IP.
     *
     * @param floating may name the port and address that it maps to
     */
    public static List<Edit> edits(
            Snapshot now,
            NetworkConfig config,
            Network network,
            FloatingIP.Builder floating,
            String tenantId,
            RequestMark mark,
            Fresh fresh) {
        List<Subnet> subnets =
                Gateways.subnets(now, network.getId()).stream().filter(s -> !s.getIpv6()).toList();
        if (subnets.isEmpty()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NO_SUBNET",
                    "network " + network.getId() + ": has no IPv4 subnet (expected: one at least)");
        }
        FixedIP address = Gateways.nextFree(now, subnets);
        floating.setId(fresh.id())
                .setFloatingIp(address.getIpAddress())
                .setFloatingNetworkId(network.getId())
                .setTenantId(Tenants.orDefault(tenantId))
                .setCreatedAt(fresh.at())
                .setUpdatedAt(fresh.at());
        FloatingIPRecord record =
                FloatingIPRecord.newBuilder()
                        .setFloatingIp(floating)
                        .setRequest(mark)
                        .setMacAddress(Macs.next(now, config, fresh.ids().get(1)))
                        .build();
        return List.of(
                Edit.put(Table.FLOATING_IP, fresh.id(), record),
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
}
