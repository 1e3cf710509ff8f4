package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;

/** Deletes a network that nothing uses. */
public record DeleteNetwork(DeleteNetworkRequest request) implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        String id = request.getNetworkId();
        Lookup.network(now, id, request.getExpectedRevision());
        NetworkState state = now.network();
        new Holders(Lookup.type(Table.NETWORK), id)
                .add(Lookup.type(Table.SUBNET), state.find(NetworkKeys.subnetOfNetwork(id)))
                .add(Lookup.type(Table.PORT), state.find(NetworkKeys.portOfNetwork(id)))
                .add(
                        Lookup.type(Table.FLOATING_IP),
                        state.find(NetworkKeys.floatingIpOfNetwork(id)))
                .add(Lookup.type(Table.ROUTER), state.find(NetworkKeys.routerWithGateway(id)))
                .throwIfAny("none; delete them first");
        return Answers.done(List.of(Edit.delete(Table.NETWORK, id)));
    }
}
