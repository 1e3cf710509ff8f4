package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Port;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.FloatingIps;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.List;

/** Maps a floating IP to an address of a port, from wherever it mapped to before. */
public record AssociateFloatingIP(AssociateFloatingIPRequest request, Timestamp at)
        implements Action<FloatingIP> {
    @Override
    public Decision<FloatingIP> decide(Snapshot now) {
        String id = request.getFloatingIpId();
        FloatingIPRecord record = Lookup.floatingIp(now, id, request.getExpectedRevision());
        FloatingIP ip = record.getFloatingIp();
        Port port = Lookup.port(now, request.getPortId(), 0).getPort();
        String fixed = FloatingIps.fixedIp(now, port, request.getFixedIp());
        if (ip.getPortId().equals(port.getId()) && ip.getFixedIp().equals(fixed)) {
            return Answers.floatingIp(id, List.of());
        }
        FloatingIps.requireUnmapped(now, id, port.getId(), fixed);
        if (FloatingIps.router(now, port, fixed, ip.getFloatingNetworkId()).isEmpty()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NO_ROUTER",
                    "port "
                            + port.getId()
                            + ": no router joins its subnet with network "
                            + ip.getFloatingNetworkId()
                            + " (expected: one with its external_gateway there)");
        }
        return Answers.floatingIp(id, List.of(FloatingIps.write(record, port.getId(), fixed, at)));
    }
}
