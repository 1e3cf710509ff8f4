package io.hypervisor.controller.action;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.InstancePorts;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.placement.Placement;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;

/**
 * Gives an instance that has no node one, under the next epoch, or records why none has room.
 * Answers whether it placed it.
 */
public record PlaceUnplaced(String instanceId, Fresh fresh, NetworkConfig networks)
        implements Action<Boolean> {
    @Override
    public Decision<Boolean> decide(Snapshot now) {
        if (!now.unplaced().contains(instanceId) || now.instance(instanceId).isEmpty()) {
            return Answers.value(false, List.of());
        }
        InstanceRecord instance = now.instance(instanceId).get().value();
        PlacementRecord old = Require.placement(now, instanceId);
        return switch (Scheduler.place(now, Demand.of(instance, now))) {
            case Placement.Placed(String nodeId, var reservation) ->
                    place(
                            now,
                            instance,
                            old,
                            PlacementRecord.newBuilder()
                                    .setInstanceId(instanceId)
                                    .setNodeId(nodeId)
                                    .setEpoch(old.getEpoch() + 1)
                                    .setReservation(reservation)
                                    .build());
            case Placement.NoRoom noRoom -> stay(old, noRoom.reason());
        };
    }

    private Decision<Boolean> place(
            Snapshot now, InstanceRecord instance, PlacementRecord old, PlacementRecord next) {
        List<Edit> edits = new ArrayList<>();
        try {
            edits.addAll(InstancePorts.unasked(now, instance, next.getNodeId(), fresh, networks));
        } catch (Fault noPort) {
            return stay(old, noPort.getMessage());
        }
        edits.add(Edit.put(Table.PLACEMENT, instanceId, next));
        return Answers.value(true, edits);
    }

    private Decision<Boolean> stay(PlacementRecord old, String reason) {
        List<Edit> edits =
                old.getReason().equals(reason)
                        ? List.of()
                        : List.of(
                                Edit.put(
                                        Table.PLACEMENT,
                                        instanceId,
                                        old.toBuilder().setReason(reason).build()));
        return Answers.value(false, edits);
    }
}
