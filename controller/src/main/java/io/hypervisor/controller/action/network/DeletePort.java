package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.Port;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.PortRules;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

/** Deletes a port that nothing carries, and frees its address. */
public record DeletePort(DeletePortRequest request, Timestamp at) implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        PortRecord record = Lookup.port(now, request.getPortId(), request.getExpectedRevision());
        PortRules.requireNoRouters(record);
        Port port = record.getPort();
        if (PortRules.bound(port)) {
            throw Fault.wrongState(
                    Lookup.type(Table.PORT),
                    port.getId(),
                    "bound to " + BindPort.describe(port),
                    record.getOfInstance()
                            ? "another port; this one leaves with its instance"
                            : "unbound; call UnbindPort first");
        }
        return Answers.done(PortRules.delete(now, record, at));
    }
}
