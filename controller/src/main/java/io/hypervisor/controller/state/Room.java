package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Resources;

import java.util.Comparator;
import java.util.Optional;

/**
 * What a node has left for instances. Rooms are ordered by the share that is free, and equal ones
 * against the order of their ids, so that the last of all is the emptiest and oldest.
 *
 * @param allocated the larger of what the controller placed there, local instances included, and
 *     what the node itself counts
 */
public record Room(
        NodeRecord node,
        Optional<NodeHealth> health,
        Resources allocatable,
        Resources allocated,
        Resources free,
        double freeShare)
        implements Comparable<Room> {

    private static final Comparator<Room> ORDER =
            Comparator.comparingDouble(Room::freeShare)
                    .thenComparing(Room::id, Comparator.reverseOrder());

    static Room of(
            PlacementConfig config, NodeRecord node, Optional<NodeHealth> health, Resources taken) {
        Resources allocatable = config.allocatable(node.getCapacity());
        Resources reported =
                health.map(NodeHealth::getReportedAllocated).orElse(Resources.getDefaultInstance());
        Resources allocated = Amounts.max(taken, reported);
        Resources free = Amounts.minus(allocatable, allocated);
        double share =
                Math.min(
                        share(free.getCpuCores(), allocatable.getCpuCores()),
                        share(free.getMemoryBytes(), allocatable.getMemoryBytes()));
        return new Room(node, health, allocatable, allocated, free, share);
    }

    private static double share(long free, long all) {
        return free <= 0 ? 0 : (double) free / all;
    }

    /** The node's id. */
    public String id() {
        return node.getId();
    }

    /** What the operator set, and what is known of the node's health, as one status. */
    public NodeStatus status() {
        NodeStatus admin = node.getAdminStatus();
        NodeStatus seen =
                health.map(NodeHealth::getStatus).orElse(NodeStatus.NODE_STATUS_NOT_READY);
        boolean healthy = seen == NodeStatus.NODE_STATUS_READY;
        return healthy || admin == NodeStatus.NODE_STATUS_MAINTENANCE ? admin : seen;
    }

    /** Whether new instances may be placed there. */
    public boolean open() {
        return status() == NodeStatus.NODE_STATUS_READY;
    }

    @Override
    public int compareTo(Room other) {
        return ORDER.compare(this, other);
    }
}
