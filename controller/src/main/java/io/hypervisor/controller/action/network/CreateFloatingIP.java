package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.FloatingIps;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Gateways;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.network.Tenants;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;
import java.util.Optional;

/** Takes a public address for a tenant. */
public record CreateFloatingIP(
        CreateFloatingIPRequest request, RequestMark mark, Fresh fresh, NetworkConfig config)
        implements Action<FloatingIP> {
    @Override
    public Decision<FloatingIP> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.FLOATING_IP, mark);
        if (earlier.isPresent()) {
            return Answers.floatingIp(earlier.get(), List.of());
        }
        Network network = Gateways.external(now, request.getFloatingNetworkId());
        FloatingIPRecord.Builder record =
                FloatingIPRecord.newBuilder()
                        .setFloatingIp(
                                FloatingIP.newBuilder()
                                        .setTenantId(Tenants.orDefault(request.getTenantId())))
                        .setRequest(mark);
        return Answers.floatingIp(
                fresh.id(), FloatingIps.create(now, record, network, fresh, config));
    }
}
