package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.History;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Derives from a Snapshot what nodes should be. Pure. */
public final class NodeDocuments {
    private NodeDocuments() {}

    /** Everything that one node should be. */
    public static NodeDocument document(Snapshot now, String nodeId, String clusterId, long term) {
        NodeDocument.Builder document =
                NodeDocument.newBuilder()
                        .setClusterId(clusterId)
                        .setTerm(term)
                        .setTermId(History.id(now.history(), term))
                        .addAllSuperseded(now.history().getSupersededList())
                        .setRevision(now.revision())
                        .setMassRemovalAgreed(
                                now.health(nodeId)
                                        .map(health -> health.value().getRemovalAgreed())
                                        .orElse(false));
        for (String id : now.placedOn(nodeId)) {
            assignment(now, nodeId, id).ifPresent(document::addAssignments);
        }
        return document.addAllNetwork(network(now, nodeId)).build();
    }

    /** The part of the network that concerns a node. */
    public static List<NetworkObject> network(Snapshot now, String nodeId) {
        NetworkObjects network = new NetworkObjects(now, NetworkScope.of(now, nodeId));
        return network.keys().stream().flatMap(key -> network.get(key).stream()).toList();
    }

    /**
     * What changed in a node's document since {@code base}, given all that {@link #affected} named
     * for the node since then. Costs nothing for the rest.
     */
    public static NodeDelta delta(
            Snapshot now, String nodeId, long term, long base, Collection<String> changed) {
        NodeDelta.Builder delta =
                NodeDelta.newBuilder()
                        .setTerm(term)
                        .setBaseRevision(base)
                        .setRevision(now.revision());
        Optional<NetworkObjects> network = Optional.empty();
        for (String id : new TreeSet<>(changed)) {
            if (isObject(id)) {
                if (network.isEmpty()) {
                    network = Optional.of(new NetworkObjects(now, NetworkScope.of(now, nodeId)));
                }
                network.get()
                        .get(id)
                        .ifPresentOrElse(
                                delta::addNetworkUpserts, () -> delta.addNetworkRemovals(id));
            } else {
                assignment(now, nodeId, id)
                        .ifPresentOrElse(delta::addUpserts, () -> delta.addRemovals(id));
            }
        }
        return delta.build();
    }

    /** Keys of network objects have a slash, ids of instances have none. */
    static boolean isObject(String id) {
        return id.indexOf('/') >= 0;
    }

    /**
     * The nodes whose documents the edits change, each with the ids of the instances and the keys
     * of the network objects in question.
     */
    public static Map<String, Set<String>> affected(
            Snapshot before, Snapshot after, List<Edit> edits) {
        NetworkChanges network = new NetworkChanges(before, after, edits);
        Map<String, Set<String>> affected = network.byNode();
        Set<String> instances = new HashSet<>(network.instances());
        for (Edit edit : edits) {
            if (edit.table() == Table.INSTANCE || edit.table() == Table.PLACEMENT) {
                instances.add(edit.id());
            }
        }
        for (String id : instances) {
            for (String node : Set.copyOf(List.of(nodeOf(before, id), nodeOf(after, id)))) {
                if (!node.isEmpty()
                        && !assignment(before, node, id).equals(assignment(after, node, id))) {
                    affected.computeIfAbsent(node, n -> new HashSet<>()).add(id);
                }
            }
        }
        return affected;
    }

    private static String nodeOf(Snapshot now, String instanceId) {
        return now.placement(instanceId).map(p -> p.value().getNodeId()).orElse("");
    }

    /** What a node should do with one instance; empty if it is not placed there. */
    static Optional<Assignment> assignment(Snapshot now, String nodeId, String instanceId) {
        Optional<PlacementRecord> placement =
                now.placement(instanceId)
                        .map(Entry::value)
                        .filter(p -> p.getNodeId().equals(nodeId));
        return placement.flatMap(
                p -> now.instance(instanceId).map(record -> assignment(now, record.value(), p)));
    }

    private static Assignment assignment(
            Snapshot now, InstanceRecord record, PlacementRecord placement) {
        return Assignment.newBuilder()
                .setInstanceId(record.getId())
                .setEpoch(placement.getEpoch())
                .setWant(want(record, placement))
                .setRunGeneration(record.getRunGeneration())
                .setStop(record.getStop())
                .setName(record.getName())
                .setType(record.getType())
                .setSpec(record.getSpec())
                .setSpecGeneration(Math.max(1, record.getSpecGeneration()))
                .setMetadata(record.getMetadata())
                .setOnLostContact(record.getPlacement().getOnLostContact())
                .setLostContactSeconds(record.getPlacement().getLostContactSeconds())
                .setRelocation(record.getPlacement().getRelocation())
                .addAllNics(Nics.of(now, record.getId()))
                .build();
    }

    private static Assignment.Want want(InstanceRecord record, PlacementRecord placement) {
        if (record.getDeleting() || placement.getEvicting()) {
            return Assignment.Want.WANT_ABSENT;
        }
        return record.getRunIntent() == RunIntent.RUN_INTENT_STOPPED
                ? Assignment.Want.WANT_STOPPED
                : Assignment.Want.WANT_RUNNING;
    }
}
