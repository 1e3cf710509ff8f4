package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.GatewayNodes;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;
import java.util.Optional;

/**
 * Puts a router's gateway on a node that can carry it, if the present one cannot; answers whether
 * it moved. It is not the user's write: the router stays as it was updated last.
 */
public record MoveGateway(String routerId) implements Action<Boolean> {
    @Override
    public Decision<Boolean> decide(Snapshot now) {
        Optional<RouterRecord> record =
                Optional.ofNullable(now.network().routers().get(routerId)).map(Entry::value);
        if (record.isEmpty()) {
            return new Decision<>(List.of(), after -> false);
        }
        String present = record.get().getGatewayNodeId();
        String next = node(now, record.get());
        if (next.equals(present)) {
            return new Decision<>(List.of(), after -> false);
        }
        RouterRecord moved = record.get().toBuilder().setGatewayNodeId(next).build();
        return new Decision<>(List.of(Edit.put(Table.ROUTER, routerId, moved)), after -> true);
    }

    /** The node that should carry the gateway of a router. */
    public static String node(Snapshot now, RouterRecord record) {
        return GatewayNodes.pick(
                now,
                record.getRouter().getId(),
                record.getRouter().getExternalGateway().getNetworkId(),
                record.getGatewayNodeId());
    }
}
