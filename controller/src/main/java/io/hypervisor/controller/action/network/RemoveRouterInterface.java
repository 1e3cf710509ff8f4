package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.RouterRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;

/** Detaches a subnet from a router and deletes the router's port there. */
public record RemoveRouterInterface(RemoveRouterInterfaceRequest request, Timestamp at)
        implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        RouterRecord record =
                Lookup.router(now, request.getRouterId(), request.getExpectedRevision());
        Subnet subnet = Lookup.subnet(now, request.getSubnetId(), 0).getSubnet();
        RouterInterface end =
                record.getInterfacesList().stream()
                        .filter(e -> e.getSubnetId().equals(subnet.getId()))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        Fault.notFound(
                                                "interface of router " + request.getRouterId(),
                                                subnet.getId()));
        RouterRules.requireDetachable(now, record, subnet);
        List<RouterInterface> rest =
                record.getInterfacesList().stream().filter(e -> !e.equals(end)).toList();
        return Answers.done(
                List.of(
                        RouterRules.write(
                                record.toBuilder().clearInterfaces().addAllInterfaces(rest), at),
                        Edit.delete(Table.PORT, end.getPortId())));
    }
}
