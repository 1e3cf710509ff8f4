package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.network.Segments;
import io.hypervisor.controller.network.Tenants;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;
import java.util.Optional;

/** Makes a network without subnets, with a VNI of its own if it is an overlay. */
public record CreateNetwork(
        CreateNetworkRequest request, RequestMark mark, Fresh fresh, NetworkConfig config)
        implements Action<Network> {
    private static final int MTU = 1500;
    private static final String PHYSICAL_NETWORK = "default";

    @Override
    public Decision<Network> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.NETWORK, mark);
        if (earlier.isPresent()) {
            return Answers.network(earlier.get(), List.of());
        }
        Network network = network(now);
        Lookup.requireFree(
                now,
                Table.NETWORK,
                NetworkKeys.networkNamed(network.getTenantId(), network.getName()),
                network.getName(),
                network.getId());
        Segments.requireFree(now, network);
        NetworkRecord record =
                NetworkRecord.newBuilder().setNetwork(network).setRequest(mark).build();
        return Answers.network(
                network.getId(), List.of(Edit.put(Table.NETWORK, network.getId(), record)));
    }

    private Network network(Snapshot now) {
        boolean overlay =
                request.getType() == NetworkType.NETWORK_TYPE_UNSPECIFIED
                        || request.getType() == NetworkType.NETWORK_TYPE_VXLAN;
        Network.Builder network =
                Network.newBuilder()
                        .setId(fresh.id())
                        .setName(request.getName())
                        .setType(overlay ? NetworkType.NETWORK_TYPE_VXLAN : request.getType())
                        .setMtu(request.getMtu())
                        .setVlanId(request.getVlanId())
                        .setVni(request.getVni())
                        .setPhysicalNetwork(request.getPhysicalNetwork())
                        .setAdminState(true)
                        .setShared(request.getShared())
                        .setExternal(request.getExternal())
                        .setTenantId(Tenants.orDefault(request.getTenantId()))
                        .setMetadata(request.getMetadata())
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at());
        if (request.getMtu() == 0) {
            network.setMtu(overlay ? Segments.OVERLAY_MTU : MTU);
        }
        if (overlay && request.getVni() == 0) {
            network.setVni(Segments.nextVni(now, config));
        }
        if (!overlay && request.getPhysicalNetwork().isEmpty()) {
            network.setPhysicalNetwork(PHYSICAL_NETWORK);
        }
        return network.build();
    }
}
