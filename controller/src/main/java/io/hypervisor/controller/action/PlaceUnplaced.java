package io.hypervisor.controller.action;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.placement.Placement;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;

/**
 * Gives an instance that has no node one, under the next epoch, or records why none has room.
 * Answers whether it placed it.
 */
public record PlaceUnplaced(String instanceId) implements Action<Boolean> {
    @Override
    public Decision<Boolean> decide(Snapshot now) {
        if (!now.unplaced().contains(instanceId) || now.instance(instanceId).isEmpty()) {
            return Answers.value(false, List.of());
        }
        InstanceRecord instance = now.instance(instanceId).get().value();
        PlacementRecord old = Require.placement(now, instanceId);
        return switch (Scheduler.place(now, Demand.of(instance, now.config()))) {
            case Placement.Placed(String nodeId, var reservation) ->
                    write(
                            true,
                            old,
                            PlacementRecord.newBuilder()
                                    .setInstanceId(instanceId)
                                    .setNodeId(nodeId)
                                    .setEpoch(old.getEpoch() + 1)
                                    .setReservation(reservation)
                                    .build());
            case Placement.NoRoom noRoom ->
                    write(false, old, old.toBuilder().setReason(noRoom.reason()).build());
        };
    }

    private Decision<Boolean> write(boolean placed, PlacementRecord old, PlacementRecord next) {
        List<Edit> edits =
                next.equals(old) ? List.of() : List.of(Edit.put(Table.PLACEMENT, instanceId, next));
        return Answers.value(placed, edits);
    }
}
