package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.controller.network.InstancePorts;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes an instance that may be recreated off an unreachable node that surely does not run it; the
 * epoch stays, so that the next placement is a new one. What was being deleted is gone with that.
 * Answers whether it did.
 *
 * @param epoch the placement that the proof is about; nothing happens to a later one
 * @param proof why the node surely does not run it, as a sentence
 */
public record ReleaseInstance(String instanceId, long epoch, String proof, Timestamp at)
        implements Action<Boolean> {

    @Override
    public Decision<Boolean> decide(Snapshot now) {
        Optional<InstanceRecord> instance = now.instance(instanceId).map(Entry::value);
        PlacementRecord placement = Require.placement(now, instanceId);
        boolean lost =
                now.rooms()
                        .of(placement.getNodeId())
                        .map(Room::status)
                        .filter(NodeStatus.NODE_STATUS_UNREACHABLE::equals)
                        .isPresent();
        if (instance.isEmpty() || !lost || placement.getEpoch() != epoch) {
            return Answers.value(false, List.of());
        }
        List<Edit> edits = new ArrayList<>(Health.agreeToRemoval(now, placement.getNodeId()));
        if (instance.get().getDeleting()) {
            edits.addAll(Answers.forget(now, instanceId, at));
            return Answers.value(true, edits);
        }
        if (instance.get().getPlacement().getRelocation() != Relocation.RELOCATION_RECREATE) {
            return Answers.value(false, List.of());
        }
        edits.addAll(free(now, placement, proof));
        return Answers.value(true, edits);
    }

    /** Takes the placement's node away and keeps its epoch. */
    static List<Edit> free(Snapshot now, PlacementRecord placement, String reason) {
        String id = placement.getInstanceId();
        List<Edit> edits = new ArrayList<>(InstancePorts.moved(now, id));
        edits.add(
                Edit.put(
                        Table.PLACEMENT,
                        id,
                        PlacementRecord.newBuilder()
                                .setInstanceId(id)
                                .setEpoch(placement.getEpoch())
                                .setReason(reason)
                                .build()));
        edits.add(Edit.delete(Table.OBSERVED, id));
        return edits;
    }
}
