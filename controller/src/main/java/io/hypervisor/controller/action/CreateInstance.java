package io.hypervisor.controller.action;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.PlacementRejection;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.placement.Placement;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.core.spec.PlacementPolicies;
import io.hypervisor.core.spec.Specs;

import java.util.List;
import java.util.Optional;

/**
 * Records a new instance and its place in one commit. The request must have passed {@link Specs}
 * and {@link PlacementPolicies}.
 *
 * @param newId the id it gets, unless the request_id names one that exists
 * @param digest {@link Digests#of} the request as it came
 */
public record CreateInstance(
        CreateInstanceRequest request, String newId, Timestamp at, ByteString digest)
        implements Action<Instance> {

    @Override
    public Decision<Instance> decide(Snapshot now) {
        Optional<String> earlier = now.instanceByRequest(request.getRequestId());
        if (earlier.isPresent()) {
            return repeated(now, earlier.get());
        }
        now.instanceByName(request.getName())
                .ifPresent(
                        taken -> {
                            throw Fault.alreadyExists(
                                    Require.INSTANCE,
                                    taken,
                                    "name: value: "
                                            + request.getName()
                                            + " (expected: a name that no instance has; "
                                            + taken
                                            + " has it)");
                        });
        InstanceRecord record = record(request, newId, at, digest);
        requirePreferred(record, now);
        return Answers.instance(
                newId,
                List.of(
                        Edit.put(Table.INSTANCE, newId, record),
                        Edit.put(Table.PLACEMENT, newId, place(now, record))));
    }

    /** What creating this request would ask of the scheduler, for a plan. */
    public static Demand demand(CreateInstanceRequest request, Snapshot now) {
        InstanceRecord record =
                record(request, "", Timestamp.getDefaultInstance(), ByteString.EMPTY);
        requirePreferred(record, now);
        return Demand.of(record, now.config());
    }

    private static void requirePreferred(InstanceRecord record, Snapshot now) {
        String preferred = record.getPlacement().getPreferredNodeId();
        if (!preferred.isEmpty()) {
            Require.node(now, preferred, 0);
        }
    }

    private Decision<Instance> repeated(Snapshot now, String id) {
        InstanceRecord record = Require.instance(now, id, 0);
        if (!record.getRequestDigest().equals(digest)) {
            throw Fault.invalid(
                    "request_id",
                    request.getRequestId(),
                    "a new one: instance " + id + " was created under it from another request");
        }
        return Answers.instance(id, List.of());
    }

    private PlacementRecord place(Snapshot now, InstanceRecord record) {
        PlacementRecord.Builder placement = PlacementRecord.newBuilder().setInstanceId(newId);
        switch (Scheduler.place(now, Demand.of(record, now.config()))) {
            case Placement.Placed(String nodeId, var reservation) ->
                    placement.setNodeId(nodeId).setEpoch(1).setReservation(reservation);
            case Placement.NoRoom noRoom -> {
                if (!request.getQueue()) {
                    throw exhausted(noRoom);
                }
                placement.setReason(noRoom.reason());
            }
        }
        return placement.build();
    }

    private static Fault exhausted(Placement.NoRoom noRoom) {
        return Fault.of(
                Fault.Kind.RESOURCE_EXHAUSTED,
                "NO_ROOM",
                noRoom.reason(),
                noRoom.rejections().stream().map(CreateInstance::violation).toList());
    }

    private static Fault.Violation violation(PlacementRejection rejection) {
        return new Fault.Violation(
                rejection.getFilter(),
                "turned away "
                        + rejection.getNodes()
                        + " nodes, for example "
                        + rejection.getExample());
    }

    private static InstanceRecord record(
            CreateInstanceRequest request, String id, Timestamp at, ByteString digest) {
        return InstanceRecord.newBuilder()
                .setId(id)
                .setName(request.getName())
                .setType(request.getType())
                .setSpec(Specs.withDefaults(request.getType(), request.getSpec()))
                .setMetadata(request.getMetadata())
                .setPlacement(policy(request))
                .setCreatedAt(at)
                .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                .setRunGeneration(1)
                .setRequestId(request.getRequestId())
                .setRequestDigest(digest)
                .build();
    }

    private static PlacementPolicy policy(CreateInstanceRequest request) {
        PlacementPolicy.Builder policy =
                PlacementPolicies.withDefaults(request.getPlacement()).toBuilder();
        if (!request.getPreferredNodeId().isEmpty()) {
            policy.setPreferredNodeId(request.getPreferredNodeId());
        }
        if (!request.getRegion().isEmpty()) {
            policy.setRegion(request.getRegion());
        }
        if (!request.getZone().isEmpty()) {
            policy.setZone(request.getZone());
        }
        return policy.build();
    }
}
