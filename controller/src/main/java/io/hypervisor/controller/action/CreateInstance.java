package io.hypervisor.controller.action;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.PlacementRejection;
import io.hypervisor.api.v1.RunIntent;
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
import io.hypervisor.core.spec.ImageSources;
import io.hypervisor.core.spec.PlacementPolicies;
import io.hypervisor.core.spec.Specs;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Records a new instance, its place and its port in one commit. The request must have passed {@link
 * Specs} and {@link PlacementPolicies}.
 *
 * @param fresh {@link #IDS} ids; the first is the instance's, unless the request_id names one that
 *     exists
 * @param digest {@link Digests#of} the request as it came
 */
public record CreateInstance(
        CreateInstanceRequest request, Fresh fresh, ByteString digest, NetworkConfig networks)
        implements Action<Instance> {
    /** How many ids it takes. */
    public static final int IDS = 1 + InstancePorts.IDS;

    private static final String NO_ID = "00000000-0000-0000-0000-000000000000";

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
        InstanceRecord record = record(now);
        requirePreferred(record, now);
        Fresh rest = fresh.after(1);
        List<Edit> edits = new ArrayList<>(InstancePorts.wanted(now, record, rest, networks));
        PlacementRecord placement = place(now, record);
        edits.addAll(InstancePorts.unasked(now, record, placement.getNodeId(), rest, networks));
        edits.add(Edit.put(Table.INSTANCE, record.getId(), record));
        edits.add(Edit.put(Table.PLACEMENT, record.getId(), placement));
        return Answers.instance(record.getId(), edits);
    }

    /** What creating this request would ask of the scheduler, for a plan. */
    public static Demand demand(
            CreateInstanceRequest request, Snapshot now, NetworkConfig networks) {
        Fresh none = new Fresh(Collections.nCopies(IDS, NO_ID), Timestamp.getDefaultInstance());
        CreateInstance plan = new CreateInstance(request, none, ByteString.EMPTY, networks);
        InstanceRecord record = plan.record(now);
        requirePreferred(record, now);
        InstancePorts.wanted(now, record, none.after(1), networks);
        return Demand.of(record, now);
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
        PlacementRecord.Builder placement =
                PlacementRecord.newBuilder().setInstanceId(record.getId());
        switch (Scheduler.place(now, Demand.of(record, now))) {
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

    private InstanceRecord record(Snapshot now) {
        InstanceSpec spec = Specs.withDefaults(request.getType(), request.getSpec());
        return InstanceRecord.newBuilder()
                .setId(fresh.id())
                .setName(request.getName())
                .setType(request.getType())
                .setSpec(sourced(now, InstancePorts.withDefaults(now, spec, networks)))
                .setMetadata(request.getMetadata())
                .setPlacement(policy(request))
                .setCreatedAt(fresh.at())
                .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                .setRunGeneration(1)
                .setSpecGeneration(1)
                .setRequestId(request.getRequestId())
                .setRequestDigest(digest)
                .build();
    }

    /** Keeps what the catalogue says of its images, whatever becomes of their entries. */
    private InstanceSpec sourced(Snapshot now, InstanceSpec spec) {
        if (request.getType() == InstanceType.INSTANCE_TYPE_CONTAINER) {
            return spec;
        }
        InstanceSpec.Builder full = spec.toBuilder();
        source(now, "image", spec.getImage()).ifPresent(full::setImageSource);
        source(now, "kernel", spec.getKernel()).ifPresent(full::setKernelSource);
        source(now, "initrd", spec.getInitrd()).ifPresent(full::setInitrdSource);
        return full.build();
    }

    private static Optional<ImageSource> source(Snapshot now, String field, String name) {
        Optional<ImageSource> source =
                Optional.ofNullable(now.images().get(name))
                        .map(entry -> entry.value().getImage().getSource());
        source.map(ImageSources::use)
                .filter(use -> !use.equals(field))
                .ifPresent(
                        use -> {
                            throw Fault.invalid(
                                    "spec." + field, name, "not the catalogue's " + use);
                        });
        return source;
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
