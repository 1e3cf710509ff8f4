package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.PortBindingType;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.Macs;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.network.RouterRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;
import java.util.Optional;

/** Attaches a subnet to a router; answers the router's port there. */
public record AddRouterInterface(
        AddRouterInterfaceRequest request, RequestMark mark, Fresh fresh, NetworkConfig config)
        implements Action<String> {
    /** The port and its MAC address. */
    public static final int RECORDS = 2;

    @Override
    public Decision<String> decide(Snapshot now) {
        RouterRecord present = Lookup.router(now, request.getRouterId(), 0);
        Optional<String> earlier = repeated(present);
        if (earlier.isPresent()) {
            return new Decision<>(List.of(), after -> earlier.get());
        }
        RouterRecord record =
                Lookup.router(now, request.getRouterId(), request.getExpectedRevision());
        Subnet subnet = Lookup.subnet(now, request.getSubnetId(), 0).getSubnet();
        Network network = Lookup.network(now, subnet.getNetworkId(), 0).getNetwork();
        RouterRules.requireAttachable(now, record, subnet, network);
        Port port =
                Port.newBuilder()
                        .setId(fresh.id())
                        .setNetworkId(network.getId())
                        .setSubnetId(subnet.getId())
                        .setMacAddress(Macs.next(now, config, fresh.ids().get(1)))
                        .setIpAddress(subnet.getGatewayIp())
                        .setAdminState(true)
                        .setBindingType(PortBindingType.PORT_BINDING_OVS)
                        .setTenantId(record.getRouter().getTenantId())
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at())
                        .build();
        RouterInterface end =
                RouterInterface.newBuilder()
                        .setSubnetId(subnet.getId())
                        .setNetworkId(network.getId())
                        .setPortId(port.getId())
                        .setMacAddress(port.getMacAddress())
                        .setIpAddress(port.getIpAddress())
                        .setRequest(mark)
                        .build();
        PortRecord portRecord =
                PortRecord.newBuilder().setPort(port).setRouterId(request.getRouterId()).build();
        return new Decision<>(
                List.of(
                        RouterRules.write(record.toBuilder().addInterfaces(end), fresh.at()),
                        Edit.put(Table.PORT, port.getId(), portRecord)),
                after -> port.getId());
    }

    private Optional<String> repeated(RouterRecord record) {
        if (mark.getId().isEmpty()) {
            return Optional.empty();
        }
        Optional<RouterInterface> made =
                record.getInterfacesList().stream()
                        .filter(end -> end.getRequest().getId().equals(mark.getId()))
                        .findFirst();
        made.filter(end -> !end.getRequest().equals(mark))
                .ifPresent(
                        end -> {
                            throw Fault.invalid(
                                    "request_id",
                                    mark.getId(),
                                    "a new one: port "
                                            + end.getPortId()
                                            + " was created under it from another request");
                        });
        return made.map(RouterInterface::getPortId);
    }
}
