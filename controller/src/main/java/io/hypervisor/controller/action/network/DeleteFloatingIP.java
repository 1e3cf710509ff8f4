package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Gateways;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Ipam;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.network.model.Address;

import java.util.ArrayList;
import java.util.List;

/** Gives a floating IP that maps to nothing back to its network. */
public record DeleteFloatingIP(DeleteFloatingIPRequest request) implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        String id = request.getFloatingIpId();
        FloatingIP ip = Lookup.floatingIp(now, id, request.getExpectedRevision()).getFloatingIp();
        new Holders(Lookup.type(Table.FLOATING_IP), id)
                .add(
                        Lookup.type(Table.PORT),
                        ip.getPortId().isEmpty() ? List.of() : List.of(ip.getPortId()))
                .throwIfAny("none; disassociate it first");
        return Answers.done(edits(now, ip));
    }

    /** The edits that delete a floating IP and free its address. */
    static List<Edit> edits(Snapshot now, FloatingIP ip) {
        List<Edit> edits = new ArrayList<>();
        edits.add(Edit.delete(Table.FLOATING_IP, ip.getId()));
        Address address = Address.parse(ip.getFloatingIp());
        Gateways.subnets(now, ip.getFloatingNetworkId()).stream()
                .filter(
                        subnet ->
                                Ipam.holder(now, subnet, address)
                                        .filter(held -> held.getHolderId().equals(ip.getId()))
                                        .isPresent())
                .forEach(subnet -> edits.add(Ipam.free(subnet.getId(), ip.getFloatingIp())));
        return edits;
    }
}
