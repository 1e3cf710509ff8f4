package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Ipam;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;

/** Deletes a subnet of which nothing but the gateway holds an address, and frees that. */
public record DeleteSubnet(DeleteSubnetRequest request) implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        String id = request.getSubnetId();
        Subnet subnet = Lookup.subnet(now, id, request.getExpectedRevision()).getSubnet();
        int others = now.network().held(id).count() - 1;
        List<String> first =
                now.network().allocationsOf(id).values().stream()
                        .map(entry -> entry.value())
                        .filter(held -> held.getHolder() != Holder.HOLDER_GATEWAY)
                        .limit(Holders.MAX_NAMED)
                        .map(
                                held ->
                                        Ipam.describe(held)
                                                + " "
                                                + held.getAllocation().getIpAddress())
                        .toList();
        new Holders(Lookup.type(Table.SUBNET), id)
                .add(Lookup.type(Table.ROUTER), now.network().find(NetworkKeys.routerOfSubnet(id)))
                .add(first, others)
                .throwIfAny("no router, and no address held but the gateway's");
        return Answers.done(
                List.of(Edit.delete(Table.SUBNET, id), Ipam.free(id, subnet.getGatewayIp())));
    }
}
