package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.FloatingIps;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

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
        return Answers.done(FloatingIps.delete(now, ip));
    }
}
