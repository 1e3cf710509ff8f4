package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.FloatingIps;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;

/** Ends the mapping of a floating IP. */
public record DisassociateFloatingIP(DisassociateFloatingIPRequest request, Timestamp at)
        implements Action<FloatingIP> {
    @Override
    public Decision<FloatingIP> decide(Snapshot now) {
        String id = request.getFloatingIpId();
        FloatingIPRecord record = Lookup.floatingIp(now, id, request.getExpectedRevision());
        boolean mapped = !record.getFloatingIp().getPortId().isEmpty();
        return Answers.floatingIp(
                id, mapped ? List.of(FloatingIps.write(record, "", "", at)) : List.of());
    }
}
