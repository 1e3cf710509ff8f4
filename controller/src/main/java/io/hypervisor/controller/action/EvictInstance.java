package io.hypervisor.controller.action;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.placement.Placement;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;
import java.util.Optional;

/**
 * Makes an instance leave its draining node, if it may be recreated and another node has room now;
 * otherwise records why it stays. Answers whether it leaves.
 */
public record EvictInstance(String instanceId) implements Action<Boolean> {
    @Override
    public Decision<Boolean> decide(Snapshot now) {
        Optional<InstanceRecord> instance = now.instance(instanceId).map(Entry::value);
        PlacementRecord old = Require.placement(now, instanceId);
        if (instance.isEmpty() || old.getEvicting() || !mayLeave(now, instance.get(), old)) {
            return Answers.value(old.getEvicting(), List.of());
        }
        // Its node is closed, so wherever the scheduler would put it is another one.
        PlacementRecord next =
                switch (Scheduler.place(now, Demand.of(instance.get(), now))) {
                    case Placement.Placed placed ->
                            old.toBuilder()
                                    .setEvicting(true)
                                    .setReason("its node is being drained")
                                    .build();
                    case Placement.NoRoom noRoom ->
                            old.toBuilder().setReason(noRoom.reason()).build();
                };
        List<Edit> edits =
                next.equals(old) ? List.of() : List.of(Edit.put(Table.PLACEMENT, instanceId, next));
        return Answers.value(next.getEvicting(), edits);
    }

    private static boolean mayLeave(
            Snapshot now, InstanceRecord instance, PlacementRecord placement) {
        boolean draining =
                now.node(placement.getNodeId())
                        .filter(
                                node ->
                                        node.value().getAdminStatus()
                                                == NodeStatus.NODE_STATUS_DRAINING)
                        .isPresent();
        return draining
                && !instance.getDeleting()
                && instance.getPlacement().getRelocation() == Relocation.RELOCATION_RECREATE;
    }
}
