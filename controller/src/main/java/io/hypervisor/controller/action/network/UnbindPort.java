package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.PortRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;

/** Takes a port off its instance or device. */
public record UnbindPort(UnbindPortRequest request, Timestamp at) implements Action<Port> {
    @Override
    public Decision<Port> decide(Snapshot now) {
        String id = request.getPortId();
        PortRecord record = Lookup.port(now, id, request.getExpectedRevision());
        PortRules.requireNoRouters(record);
        if (record.getOfInstance()) {
            throw Fault.wrongState(
                    Lookup.type(Table.PORT),
                    id,
                    "made for instance " + record.getPort().getInstanceId(),
                    "a port that was bound by hand; this one leaves with its instance");
        }
        if (!PortRules.bound(record.getPort())) {
            return Answers.port(id, List.of());
        }
        List<Edit> edits = new ArrayList<>(PortRules.forgetState(now.network(), id));
        edits.add(PortRules.unbind(record, at));
        return Answers.port(id, edits);
    }
}
