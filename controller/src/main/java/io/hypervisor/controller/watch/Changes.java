package io.hypervisor.controller.watch;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.NetworkEvent;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Finds what a commit changed in the resources that the API shows. Pure. */
final class Changes {
    private Changes() {}

    static Change between(Snapshot before, Snapshot after, List<Edit> edits, Timestamp at) {
        Set<String> instances = new TreeSet<>();
        Set<String> nodes = new TreeSet<>();
        for (Edit edit : edits) {
            switch (edit.table()) {
                case CLUSTER,
                        LEADER,
                        HISTORY,
                        IMAGE,
                        NETWORK,
                        SUBNET,
                        ALLOCATION,
                        PORT,
                        SECURITY_GROUP,
                        ROUTER,
                        FLOATING_IP,
                        PORT_STATE,
                        NODE_NETWORK -> {}
                case NODE -> nodes.add(edit.id());
                case HEALTH -> {
                    nodes.add(edit.id());
                    if (lost(before, edit.id()) != lost(after, edit.id())) {
                        instances.addAll(after.placedOn(edit.id()));
                        instances.addAll(after.localOn(edit.id()));
                    }
                }
                case INSTANCE, PLACEMENT, OBSERVED, LOCAL -> {
                    instances.add(edit.id());
                    addHosts(nodes, before, edit.id());
                    addHosts(nodes, after, edit.id());
                }
            }
        }
        return new Change(
                after.revision(),
                at,
                instanceDeltas(before, after, instances),
                nodeDeltas(before, after, nodes),
                networkDeltas(before, after, NetworkTouched.keys(before, after, edits)));
    }

    private static boolean lost(Snapshot snapshot, String nodeId) {
        return snapshot.health(nodeId)
                .map(Entry::value)
                .filter(h -> h.getStatus() == NodeStatus.NODE_STATUS_UNREACHABLE)
                .isPresent();
    }

    private static void addHosts(Set<String> nodes, Snapshot snapshot, String instanceId) {
        snapshot.placement(instanceId)
                .map(placement -> placement.value().getNodeId())
                .filter(node -> !node.isEmpty())
                .ifPresent(nodes::add);
        Optional.ofNullable(snapshot.locals().get(instanceId))
                .ifPresent(local -> nodes.add(local.value().getNodeId()));
    }

    private static SortedMap<String, Delta<Instance, InstanceEvent>> instanceDeltas(
            Snapshot before, Snapshot after, Set<String> ids) {
        SortedMap<String, Delta<Instance, InstanceEvent>> deltas = new TreeMap<>();
        ids.forEach(id -> put(deltas, id, Views.instance(before, id), Views.instance(after, id)));
        return deltas;
    }

    private static SortedMap<String, Delta<Node, NodeEvent>> nodeDeltas(
            Snapshot before, Snapshot after, Set<String> ids) {
        SortedMap<String, Delta<Node, NodeEvent>> deltas = new TreeMap<>();
        ids.forEach(id -> put(deltas, id, NodeViews.node(before, id), NodeViews.node(after, id)));
        return deltas;
    }

    private static SortedMap<String, Delta<NetworkItem, NetworkEvent>> networkDeltas(
            Snapshot before, Snapshot after, Set<String> keys) {
        SortedMap<String, Delta<NetworkItem, NetworkEvent>> deltas = new TreeMap<>();
        keys.forEach(
                key -> put(deltas, key, NetworkItem.of(before, key), NetworkItem.of(after, key)));
        return deltas;
    }

    private static <T, E> void put(
            SortedMap<String, Delta<T, E>> deltas,
            String id,
            Optional<T> before,
            Optional<T> after) {
        if (!before.equals(after)) {
            deltas.put(id, new Delta<>(before, after));
        }
    }
}
