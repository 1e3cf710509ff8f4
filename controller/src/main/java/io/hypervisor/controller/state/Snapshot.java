package io.hypervisor.controller.state;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.api.internal.v1.ImageRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Resources;

import org.pcollections.HashTreePMap;
import org.pcollections.PMap;
import org.pcollections.PSortedMap;
import org.pcollections.PSortedSet;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Everything at one revision. Immutable; {@link #with} makes the next one and shares what did not
 * change. Maps are ordered by id; lookups cost O(log n).
 */
public final class Snapshot {
    private final PlacementConfig config;
    private final long revision;
    private final Optional<Entry<ClusterRecord>> cluster;
    private final Optional<Entry<LeaderRecord>> leader;
    private final HistoryRecord history;
    private final PSortedMap<String, Entry<NodeRecord>> nodes;
    private final PSortedMap<String, Entry<NodeHealth>> healths;
    private final PSortedMap<String, Entry<InstanceRecord>> instances;
    private final PSortedMap<String, Entry<PlacementRecord>> placements;
    private final PSortedMap<String, Entry<ObservedRecord>> observed;
    private final PSortedMap<String, Entry<LocalRecord>> locals;
    private final PSortedMap<String, Entry<ImageRecord>> images;
    private final NetworkState network;
    private final Indexes indexes;

    /** What can be derived from the records, kept up to date with them. */
    private record Indexes(
            PMap<String, String> instanceByName,
            PMap<String, String> instanceByRequest,
            PMap<String, String> nodeByHostname,
            PMap<String, PSortedSet<String>> placedOn,
            PMap<String, PSortedSet<String>> localOn,
            PMap<String, Resources> reservedOn,
            PSortedSet<String> unplaced,
            LabelCounts labelCounts,
            PMap<String, Integer> runningOn,
            Rooms rooms) {}

    private Snapshot(Draft draft) {
        draft.refreshRooms();
        this.config = draft.config;
        this.revision = draft.revision;
        this.cluster = draft.cluster;
        this.leader = draft.leader;
        this.history = draft.history;
        this.nodes = draft.nodes;
        this.healths = draft.healths;
        this.instances = draft.instances;
        this.placements = draft.placements;
        this.observed = draft.observed;
        this.locals = draft.locals;
        this.images = draft.images;
        this.network = draft.network;
        this.indexes =
                new Indexes(
                        draft.instanceByName,
                        draft.instanceByRequest,
                        draft.nodeByHostname,
                        draft.placedOn,
                        draft.localOn,
                        draft.reservedOn,
                        draft.unplaced,
                        draft.labelCounts,
                        draft.runningOn,
                        draft.rooms);
    }

    /** Nothing, at revision 0, with the default placement configuration. */
    public static Snapshot empty() {
        return empty(PlacementConfig.defaults());
    }

    /** Nothing, at revision 0. Every snapshot made from it has the same configuration. */
    public static Snapshot empty(PlacementConfig config) {
        return new Snapshot(new Draft(config));
    }

    /** This snapshot after the edits, at the given revision. */
    public Snapshot with(long newRevision, List<Edit> edits) {
        Draft draft = new Draft(this);
        draft.revision = newRevision;
        edits.forEach(edit -> draft.apply(edit, newRevision));
        return new Snapshot(draft);
    }

    /** {@link #load(PlacementConfig, long, Iterable)} with the default configuration. */
    public static Snapshot load(long revision, Iterable<Loaded> records) {
        return load(PlacementConfig.defaults(), revision, records);
    }

    /** Everything that was stored, keeping the revisions that wrote it. */
    public static Snapshot load(PlacementConfig config, long revision, Iterable<Loaded> records) {
        Draft draft = new Draft(config);
        draft.revision = revision;
        records.forEach(record -> draft.apply(record.edit(), record.revision()));
        return new Snapshot(draft);
    }

    /** A stored record and the revision that wrote it. */
    public record Loaded(Edit edit, long revision) {}

    public long revision() {
        return revision;
    }

    /** How much of each node may be taken. */
    public PlacementConfig config() {
        return config;
    }

    public Optional<ClusterRecord> cluster() {
        return cluster.map(Entry::value);
    }

    /** The leader; its entry's revision is the term's number. */
    public Optional<Entry<LeaderRecord>> leader() {
        return leader;
    }

    /** The terms that led here; see {@link History}. */
    public HistoryRecord history() {
        return history;
    }

    public PSortedMap<String, Entry<NodeRecord>> nodes() {
        return nodes;
    }

    public Optional<Entry<NodeRecord>> node(String id) {
        return Optional.ofNullable(nodes.get(id));
    }

    public Optional<String> nodeByHostname(String hostname) {
        return Optional.ofNullable(indexes.nodeByHostname.get(hostname));
    }

    public Optional<Entry<NodeHealth>> health(String nodeId) {
        return Optional.ofNullable(healths.get(nodeId));
    }

    public PSortedMap<String, Entry<InstanceRecord>> instances() {
        return instances;
    }

    public Optional<Entry<InstanceRecord>> instance(String id) {
        return Optional.ofNullable(instances.get(id));
    }

    public Optional<String> instanceByName(String name) {
        return Optional.ofNullable(indexes.instanceByName.get(name));
    }

    public Optional<String> instanceByRequest(String requestId) {
        return Optional.ofNullable(indexes.instanceByRequest.get(requestId));
    }

    public Optional<Entry<PlacementRecord>> placement(String instanceId) {
        return Optional.ofNullable(placements.get(instanceId));
    }

    public Optional<Entry<ObservedRecord>> observed(String instanceId) {
        return Optional.ofNullable(observed.get(instanceId));
    }

    public PSortedMap<String, Entry<LocalRecord>> locals() {
        return locals;
    }

    /** The catalogue, by name. */
    public PSortedMap<String, Entry<ImageRecord>> images() {
        return images;
    }

    /** Networks, ports and what belongs to them. */
    public NetworkState network() {
        return network;
    }

    /** The node that carries a port: its instance's, or that of its device; "" for none. */
    public String nodeOf(Port port) {
        return port.getInstanceId().isEmpty()
                ? port.getNodeId()
                : placement(port.getInstanceId()).map(p -> p.value().getNodeId()).orElse("");
    }

    /** Ids of the ports that a node carries. */
    public Stream<String> portsOn(String nodeId) {
        return Stream.concat(
                placedOn(nodeId).stream().flatMap(id -> network.portsOfInstance(id).stream()),
                network.find(NetworkKeys.portOfNode(nodeId)).stream());
    }

    /** Ids of the instances placed on a node, those that are leaving it included. */
    public PSortedSet<String> placedOn(String nodeId) {
        return indexes.placedOn.getOrDefault(nodeId, TreePSet.empty());
    }

    /** Ids of the instances that are local to a node. */
    public PSortedSet<String> localOn(String nodeId) {
        return indexes.localOn.getOrDefault(nodeId, TreePSet.empty());
    }

    /** The sum of the reservations on a node. */
    public Resources reservedOn(String nodeId) {
        return indexes.reservedOn.getOrDefault(nodeId, Resources.getDefaultInstance());
    }

    /** Ids of the instances that have no node. */
    public PSortedSet<String> unplaced() {
        return indexes.unplaced;
    }

    /** What each node has left. */
    public Rooms rooms() {
        return indexes.rooms;
    }

    /** The nodes on which instances with this label are placed, and how many. */
    public Map<String, Integer> nodesByInstanceLabel(String key, String value) {
        return indexes.labelCounts.nodes(key, value);
    }

    /** How many of the instances placed on a node were last seen running as they should. */
    public int runningOn(String nodeId) {
        return indexes.runningOn.getOrDefault(nodeId, 0);
    }

    /** The mutable other half: holds the same fields while edits are applied. */
    private static final class Draft {
        final PlacementConfig config;
        // Nodes whose room is to be computed anew, once for all edits.
        final Set<String> dirty = new HashSet<>();
        long revision;
        Optional<Entry<ClusterRecord>> cluster = Optional.empty();
        Optional<Entry<LeaderRecord>> leader = Optional.empty();
        HistoryRecord history = HistoryRecord.getDefaultInstance();
        PSortedMap<String, Entry<NodeRecord>> nodes = TreePMap.empty();
        PSortedMap<String, Entry<NodeHealth>> healths = TreePMap.empty();
        PSortedMap<String, Entry<InstanceRecord>> instances = TreePMap.empty();
        PSortedMap<String, Entry<PlacementRecord>> placements = TreePMap.empty();
        PSortedMap<String, Entry<ObservedRecord>> observed = TreePMap.empty();
        PSortedMap<String, Entry<LocalRecord>> locals = TreePMap.empty();
        PSortedMap<String, Entry<ImageRecord>> images = TreePMap.empty();
        NetworkState network = NetworkState.EMPTY;
        PMap<String, String> instanceByName = HashTreePMap.empty();
        PMap<String, String> instanceByRequest = HashTreePMap.empty();
        PMap<String, String> nodeByHostname = HashTreePMap.empty();
        PMap<String, PSortedSet<String>> placedOn = HashTreePMap.empty();
        PMap<String, PSortedSet<String>> localOn = HashTreePMap.empty();
        PMap<String, Resources> reservedOn = HashTreePMap.empty();
        PSortedSet<String> unplaced = TreePSet.empty();
        LabelCounts labelCounts = LabelCounts.EMPTY;
        PMap<String, Integer> runningOn = HashTreePMap.empty();
        Rooms rooms = Rooms.EMPTY;

        Draft(PlacementConfig config) {
            this.config = config;
        }

        Draft(Snapshot from) {
            config = from.config;
            revision = from.revision;
            cluster = from.cluster;
            leader = from.leader;
            history = from.history;
            nodes = from.nodes;
            healths = from.healths;
            instances = from.instances;
            placements = from.placements;
            observed = from.observed;
            locals = from.locals;
            images = from.images;
            network = from.network;
            instanceByName = from.indexes.instanceByName;
            instanceByRequest = from.indexes.instanceByRequest;
            nodeByHostname = from.indexes.nodeByHostname;
            placedOn = from.indexes.placedOn;
            localOn = from.indexes.localOn;
            reservedOn = from.indexes.reservedOn;
            unplaced = from.indexes.unplaced;
            labelCounts = from.indexes.labelCounts;
            runningOn = from.indexes.runningOn;
            rooms = from.indexes.rooms;
        }

        void refreshRooms() {
            for (String id : dirty) {
                rooms = rooms.with(id, Optional.ofNullable(nodes.get(id)).map(this::room));
            }
        }

        private Room room(Entry<NodeRecord> node) {
            String id = node.value().getId();
            Resources taken = reservedOn.getOrDefault(id, Resources.getDefaultInstance());
            for (String local : localOn.getOrDefault(id, TreePSet.empty())) {
                Instance instance = locals.get(local).value().getInstance();
                taken =
                        Amounts.plus(
                                taken, config.reservation(instance.getType(), instance.getSpec()));
            }
            return Room.of(
                    config,
                    node.value(),
                    Optional.ofNullable(healths.get(id)).map(Entry::value),
                    taken);
        }

        void apply(Edit edit, long at) {
            String id = edit.id();
            Optional<Message> value = edit.value();
            switch (edit.table()) {
                case CLUSTER -> cluster = value.map(v -> new Entry<>((ClusterRecord) v, at));
                case LEADER -> leader = value.map(v -> new Entry<>((LeaderRecord) v, at));
                case HISTORY ->
                        history =
                                value.map(HistoryRecord.class::cast)
                                        .orElse(HistoryRecord.getDefaultInstance());
                case NODE -> applyNode(id, value.map(NodeRecord.class::cast), at);
                case HEALTH -> {
                    healths = put(healths, id, value.map(NodeHealth.class::cast), at);
                    dirty.add(id);
                }
                case INSTANCE, PLACEMENT, OBSERVED -> applyPart(edit, at);
                case IMAGE -> images = put(images, id, value.map(ImageRecord.class::cast), at);
                case LOCAL -> applyLocal(id, value.map(LocalRecord.class::cast), at);
                case NETWORK,
                        SUBNET,
                        ALLOCATION,
                        PORT,
                        SECURITY_GROUP,
                        ROUTER,
                        FLOATING_IP,
                        PORT_STATE,
                        NODE_NETWORK ->
                        network = network.with(edit, at, this::nodeOf);
            }
        }

        private String nodeOf(String instanceId) {
            Entry<PlacementRecord> placement = placements.get(instanceId);
            return placement == null ? "" : placement.value().getNodeId();
        }

        /** One of the three records of an instance. */
        private void applyPart(Edit edit, long at) {
            String id = edit.id();
            Optional<Message> value = edit.value();
            count(id, -1);
            if (edit.table() == Table.INSTANCE) {
                applyInstance(id, value.map(InstanceRecord.class::cast), at);
            } else if (edit.table() == Table.PLACEMENT) {
                String before = nodeOf(id);
                applyPlacement(id, value.map(PlacementRecord.class::cast), at);
                network = network.moved(id, before, nodeOf(id));
            } else {
                observed = put(observed, id, value.map(ObservedRecord.class::cast), at);
            }
            count(id, 1);
        }

        /** Adds to, or takes from, the counts that depend on more than one of the records. */
        private void count(String id, int change) {
            Entry<InstanceRecord> instance = instances.get(id);
            Entry<PlacementRecord> placement = placements.get(id);
            if (instance == null || placement == null || placement.value().getNodeId().isEmpty()) {
                return;
            }
            String node = placement.value().getNodeId();
            labelCounts =
                    labelCounts.with(instance.value().getMetadata().getLabelsMap(), node, change);
            Entry<ObservedRecord> seen = observed.get(id);
            if (seen != null && Views.running(instance.value(), placement.value(), seen.value())) {
                int running = runningOn.getOrDefault(node, 0) + change;
                runningOn = running == 0 ? runningOn.minus(node) : runningOn.plus(node, running);
            }
        }

        private static <T> PSortedMap<String, Entry<T>> put(
                PSortedMap<String, Entry<T>> map, String id, Optional<T> value, long at) {
            return value.isPresent() ? map.plus(id, new Entry<>(value.get(), at)) : map.minus(id);
        }

        private void applyNode(String id, Optional<NodeRecord> value, long at) {
            Entry<NodeRecord> old = nodes.get(id);
            if (old != null) {
                nodeByHostname = nodeByHostname.minus(old.value().getHostname());
            }
            if (value.isPresent()) {
                nodeByHostname = nodeByHostname.plus(value.get().getHostname(), id);
            }
            nodes = put(nodes, id, value, at);
            dirty.add(id);
        }

        private void applyInstance(String id, Optional<InstanceRecord> value, long at) {
            Entry<InstanceRecord> old = instances.get(id);
            if (old != null) {
                instanceByName = instanceByName.minus(old.value().getName());
                instanceByRequest = instanceByRequest.minus(old.value().getRequestId());
            }
            if (value.isPresent()) {
                instanceByName = instanceByName.plus(value.get().getName(), id);
                String request = value.get().getRequestId();
                if (!request.isEmpty()) {
                    instanceByRequest = instanceByRequest.plus(request, id);
                }
            }
            instances = put(instances, id, value, at);
        }

        private void applyPlacement(String id, Optional<PlacementRecord> value, long at) {
            Entry<PlacementRecord> old = placements.get(id);
            if (old != null) {
                unindexPlacement(id, old.value());
            }
            value.ifPresent(placement -> indexPlacement(id, placement));
            placements = put(placements, id, value, at);
        }

        private void unindexPlacement(String id, PlacementRecord old) {
            String node = old.getNodeId();
            if (node.isEmpty()) {
                unplaced = unplaced.minus(id);
                return;
            }
            dirty.add(node);
            placedOn = remove(placedOn, node, id);
            Resources rest = Amounts.minus(reservedOn.get(node), old.getReservation());
            reservedOn =
                    placedOn.containsKey(node)
                            ? reservedOn.plus(node, rest)
                            : reservedOn.minus(node);
        }

        private void indexPlacement(String id, PlacementRecord placement) {
            String node = placement.getNodeId();
            if (node.isEmpty()) {
                unplaced = unplaced.plus(id);
                return;
            }
            dirty.add(node);
            placedOn = add(placedOn, node, id);
            Resources before = reservedOn.getOrDefault(node, Resources.getDefaultInstance());
            reservedOn = reservedOn.plus(node, Amounts.plus(before, placement.getReservation()));
        }

        private void applyLocal(String id, Optional<LocalRecord> value, long at) {
            Entry<LocalRecord> old = locals.get(id);
            if (old != null) {
                localOn = remove(localOn, old.value().getNodeId(), id);
                dirty.add(old.value().getNodeId());
            }
            if (value.isPresent()) {
                localOn = add(localOn, value.get().getNodeId(), id);
                dirty.add(value.get().getNodeId());
            }
            locals = put(locals, id, value, at);
        }

        private static PMap<String, PSortedSet<String>> add(
                PMap<String, PSortedSet<String>> index, String node, String id) {
            return index.plus(node, index.getOrDefault(node, TreePSet.empty()).plus(id));
        }

        private static PMap<String, PSortedSet<String>> remove(
                PMap<String, PSortedSet<String>> index, String node, String id) {
            PSortedSet<String> rest = index.getOrDefault(node, TreePSet.empty()).minus(id);
            return rest.isEmpty() ? index.minus(node) : index.plus(node, rest);
        }
    }
}
