package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.DrainBlocker;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.Resources;

import java.util.Optional;

/** Joins records to the API's nodes, and sums the cluster up. Pure. */
public final class NodeViews {
    private NodeViews() {}

    /**
     * The node of this id. Two fields are the stored best, to be overridden where more is known:
     * last_seen is the last change of health, journaled_revision is 0.
     */
    public static Optional<Node> node(Snapshot now, String id) {
        return now.node(id)
                .flatMap(entry -> now.rooms().of(id).map(room -> join(now, entry, room)));
    }

    private static Node join(Snapshot now, Entry<NodeRecord> entry, Room room) {
        NodeRecord record = entry.value();
        String id = record.getId();
        Optional<Entry<NodeHealth>> health = now.health(id);
        Node.Builder view =
                Node.newBuilder()
                        .setId(id)
                        .setHostname(record.getHostname())
                        .setIp(record.getIp())
                        .setPort(record.getPort())
                        .setRole(record.getRole())
                        .setStatus(room.status())
                        .setRegion(record.getRegion())
                        .setZone(record.getZone())
                        .setCapacity(record.getCapacity())
                        .setAllocatable(room.allocatable())
                        .setAllocated(room.allocated())
                        .setMetadata(record.getMetadata())
                        .addAllSupportedInstanceTypes(record.getSupportedInstanceTypesList())
                        .setCreatedAt(record.getCreatedAt())
                        .setRevision(
                                Math.max(entry.revision(), health.map(Entry::revision).orElse(0L)))
                        .putAllVersions(record.getVersionsMap())
                        .setInstanceCount(now.placedOn(id).size() + now.localOn(id).size());
        health.map(Entry::value)
                .ifPresent(
                        h ->
                                view.addAllConditions(h.getConditionsList())
                                        .setLastSeen(h.getSince()));
        if (record.getAdminStatus() == NodeStatus.NODE_STATUS_DRAINING) {
            now.placedOn(id).forEach(instance -> view.addDrainBlockers(blocker(now, instance)));
        }
        return view.build();
    }

    private static DrainBlocker blocker(Snapshot now, String instanceId) {
        InstanceRecord instance =
                now.instance(instanceId)
                        .map(Entry::value)
                        .orElse(InstanceRecord.getDefaultInstance());
        PlacementRecord placement =
                now.placement(instanceId)
                        .map(Entry::value)
                        .orElse(PlacementRecord.getDefaultInstance());
        String reason;
        if (instance.getDeleting()) {
            reason = "it is being deleted";
        } else if (placement.getEvicting()) {
            reason = "it is being removed here, to be recreated on another node";
        } else if (instance.getPlacement().getRelocation() != Relocation.RELOCATION_RECREATE) {
            reason = "its relocation policy is KEEP: it stays until it is deleted";
        } else if (placement.getReason().isEmpty()) {
            reason = "it waits to be moved";
        } else {
            reason = placement.getReason();
        }
        return DrainBlocker.newBuilder().setInstanceId(instanceId).setReason(reason).build();
    }

    /** The whole cluster; {@code version} is that of this controller. Looks at every node. */
    public static ClusterInfo cluster(Snapshot now, String version) {
        ClusterRecord cluster = now.cluster().orElse(ClusterRecord.getDefaultInstance());
        Resources capacity = Resources.getDefaultInstance();
        Resources allocatable = capacity;
        Resources allocated = capacity;
        int ready = 0;
        int running = 0;
        for (Room room : now.rooms().all()) {
            capacity = Amounts.plus(capacity, room.node().getCapacity());
            allocatable = Amounts.plus(allocatable, room.allocatable());
            allocated = Amounts.plus(allocated, room.allocated());
            ready += room.open() ? 1 : 0;
            running += reachable(room) ? now.runningOn(room.id()) + runningLocals(now, room) : 0;
        }
        return ClusterInfo.newBuilder()
                .setClusterId(cluster.getClusterId())
                .setClusterName(cluster.getName())
                .setVersion(version)
                .setTotalNodes(now.nodes().size())
                .setReadyNodes(ready)
                .setTotalCapacity(capacity)
                .setTotalAllocatable(allocatable)
                .setTotalAllocated(allocated)
                .setTotalInstances(now.instances().size() + now.locals().size())
                .setRunningInstances(running)
                .setLeader(now.leader().map(Entry::value).map(LeaderRecord::getAddress).orElse(""))
                .setRevision(now.revision())
                .build();
    }

    private static boolean reachable(Room room) {
        return room.health()
                .filter(h -> h.getStatus() == NodeStatus.NODE_STATUS_UNREACHABLE)
                .isEmpty();
    }

    private static int runningLocals(Snapshot now, Room room) {
        return (int)
                now.localOn(room.id()).stream()
                        .map(id -> now.locals().get(id).value().getInstance().getState())
                        .filter(InstanceState.INSTANCE_STATE_RUNNING::equals)
                        .count();
    }
}
