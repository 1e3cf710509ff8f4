package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.Port;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.network.NewPort;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes an unbound port together with its address. */
public record CreatePort(
        CreatePortRequest request, RequestMark mark, Fresh fresh, NetworkConfig config)
        implements Action<Port> {

    @Override
    public Decision<Port> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.PORT, mark);
        if (earlier.isPresent()) {
            return Answers.port(earlier.get(), List.of());
        }
        NewPort made = NewPort.of(now, request, "", fresh, config);
        PortRecord record = PortRecord.newBuilder().setPort(made.port()).setRequest(mark).build();
        List<Edit> edits = new ArrayList<>(made.others());
        edits.add(Edit.put(Table.PORT, fresh.id(), record));
        return Answers.port(fresh.id(), edits);
    }
}
