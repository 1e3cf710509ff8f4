package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Gateways;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;

/** Deletes a router without interfaces, and frees its external addresses. */
public record DeleteRouter(DeleteRouterRequest request) implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        String id = request.getRouterId();
        RouterRecord record = Lookup.router(now, id, request.getExpectedRevision());
        new Holders(Lookup.type(Table.ROUTER), id)
                .add(
                        "interface in subnet",
                        record.getInterfacesList().stream()
                                .map(RouterInterface::getSubnetId)
                                .toList())
                .throwIfAny("none; remove them first");
        List<Edit> edits = new ArrayList<>();
        edits.add(Edit.delete(Table.ROUTER, id));
        edits.addAll(
                Gateways.free(record.getRouter().getExternalGateway().getExternalFixedIpsList()));
        return Answers.done(edits);
    }
}
