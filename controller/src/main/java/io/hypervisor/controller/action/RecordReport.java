package io.hypervisor.controller.action;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.NodeState;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Ids;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Records what a node reports: its own state, how its instances and ports are, and which are gone.
 * What is reported of another epoch, of another node's instance, or as it is known already, changes
 * nothing.
 *
 * <p>Answers whether the whole report is recorded; false means that it changes more than one commit
 * holds: submit it again, and it goes on where it stopped.
 */
public record RecordReport(String nodeId, NodeReport report, Timestamp at)
        implements Action<Boolean> {

    // Where this condition is, there is a switch, though it may not have said yet what it offers.
    private static final String SWITCH = "Switch";
    // Half of what one record may hold; a node that lists more counts as holding the first of them.
    private static final int MAX_IMAGE_BYTES = Store.MAX_VALUE_BYTES / 2;

    /** Edits up to what one commit holds; groups stay whole. */
    private static final class Collected {
        final List<Edit> edits = new ArrayList<>();
        boolean complete = true;
        private long bytes;

        void add(List<Edit> group) {
            long more =
                    group.stream()
                            .mapToLong(e -> e.value().map(Message::getSerializedSize).orElse(0))
                            .sum();
            boolean fits =
                    edits.size() + group.size() <= Store.MAX_WRITES
                            && (edits.isEmpty() || bytes + more <= Store.MAX_COMMIT_BYTES / 2);
            if (complete && fits) {
                edits.addAll(group);
                bytes += more;
            } else {
                complete &= group.isEmpty();
            }
        }
    }

    @Override
    public Decision<Boolean> decide(Snapshot now) {
        NodeRecord node = Require.node(now, nodeId, 0);
        Collected collected = new Collected();
        if (report.hasNode()) {
            collected.add(nodeEdits(node, report.getNode()));
            collected.add(healthEdits(now, report.getNode()));
        }
        addObserved(now, collected);
        addLocals(now, collected);
        addPorts(now, collected);
        addNetwork(now, collected);
        return Answers.value(collected.complete, collected.edits);
    }

    private List<Edit> nodeEdits(NodeRecord node, NodeState state) {
        NodeRecord.Builder next = node.toBuilder();
        if (state.hasCapacity()) {
            next.setCapacity(state.getCapacity());
        }
        if (state.getVersionsCount() > 0) {
            next.clearVersions().putAllVersions(state.getVersionsMap());
        }
        if (state.getSupportedInstanceTypesCount() > 0) {
            next.clearSupportedInstanceTypes()
                    .addAllSupportedInstanceTypes(state.getSupportedInstanceTypesList());
        }
        if (state.hasNetwork()) {
            next.setNetwork(state.getNetwork());
        } else if (state.getConditionsList().stream().noneMatch(c -> c.getType().equals(SWITCH))) {
            next.clearNetwork();
        }
        NodeRecord built = next.build();
        return built.equals(node) ? List.of() : List.of(Edit.put(Table.NODE, nodeId, built));
    }

    private List<Edit> healthEdits(Snapshot now, NodeState state) {
        Health health = new Health(now, nodeId, at).conditions(state.getConditionsList());
        health.next().clearImages();
        int bytes = 0;
        for (Image image : state.getImagesList()) {
            bytes += image.getSerializedSize();
            if (bytes <= MAX_IMAGE_BYTES) {
                health.next().addImages(image);
            }
        }
        return health.edits();
    }

    private void addObserved(Snapshot now, Collected collected) {
        Set<String> seen = new HashSet<>();
        // Backwards: of two words about one instance the later counts.
        for (ObservedRecord observed : report.getObservedList().reversed()) {
            String id = observed.getInstanceId();
            Optional<PlacementRecord> placement =
                    now.placement(id)
                            .map(Entry::value)
                            .filter(p -> p.getNodeId().equals(nodeId))
                            .filter(p -> p.getEpoch() == observed.getEpoch());
            if (placement.isPresent() && seen.add(id)) {
                collected.add(
                        observed.getGone() ? gone(now, placement.get()) : present(now, observed));
            }
        }
        if (report.getFull()) {
            now.placedOn(nodeId).stream()
                    .filter(id -> !seen.contains(id))
                    .forEach(id -> collected.add(unseen(now, id)));
        }
    }

    private static List<Edit> present(Snapshot now, ObservedRecord observed) {
        String id = observed.getInstanceId();
        boolean known = now.observed(id).filter(e -> e.value().equals(observed)).isPresent();
        return known ? List.of() : List.of(Edit.put(Table.OBSERVED, id, observed));
    }

    /** What it was meant to leave for happens; a node that still should have it makes it anew. */
    private List<Edit> gone(Snapshot now, PlacementRecord placement) {
        String id = placement.getInstanceId();
        boolean deleting =
                now.instance(id).map(Entry::value).filter(InstanceRecord::getDeleting).isPresent();
        if (deleting) {
            return Answers.forget(now, id, at);
        }
        return placement.getEvicting()
                ? ReleaseInstance.free(
                        now, placement, "it has left its node, which is being drained")
                : unseen(now, id);
    }

    private static List<Edit> unseen(Snapshot now, String id) {
        return now.observed(id).isPresent() ? List.of(Edit.delete(Table.OBSERVED, id)) : List.of();
    }

    private void addLocals(Snapshot now, Collected collected) {
        Set<String> present = new HashSet<>();
        for (Instance instance : report.getLocalList().reversed()) {
            String id = instance.getId();
            if (Ids.isId(id) && present.add(id)) {
                collected.add(local(now, id, instance));
            }
        }
        Set<String> ended = new HashSet<>(report.getLocalGoneList());
        if (report.getFull()) {
            ended.addAll(now.localOn(nodeId));
        }
        ended.removeAll(present);
        now.localOn(nodeId).stream()
                .filter(ended::contains)
                .forEach(id -> collected.add(List.of(Edit.delete(Table.LOCAL, id))));
    }

    private List<Edit> local(Snapshot now, String id, Instance instance) {
        LocalRecord next = LocalRecord.newBuilder().setNodeId(nodeId).setInstance(instance).build();
        Optional<LocalRecord> old = Optional.ofNullable(now.locals().get(id)).map(Entry::value);
        boolean foreign =
                now.instance(id).isPresent()
                        || old.filter(o -> !o.getNodeId().equals(nodeId)).isPresent();
        return foreign || old.filter(next::equals).isPresent()
                ? List.of()
                : List.of(Edit.put(Table.LOCAL, id, next));
    }

    private void addPorts(Snapshot now, Collected collected) {
        // An instance that leaves takes its ports with it; nothing is told of them any more.
        Set<String> seen =
                collected.edits.stream()
                        .filter(edit -> edit.table() == Table.PLACEMENT)
                        .flatMap(edit -> now.network().portsOfInstance(edit.id()).stream())
                        .collect(Collectors.toCollection(HashSet::new));
        for (PortState reported : report.getPortsList().reversed()) {
            String id = reported.getPortId();
            boolean here =
                    Optional.ofNullable(now.network().ports().get(id))
                            .filter(port -> now.nodeOf(port.value().getPort()).equals(nodeId))
                            .isPresent();
            if (here && seen.add(id)) {
                PortState next = reported.toBuilder().setNodeId(nodeId).build();
                collected.add(portState(now, id, next));
            }
        }
        if (report.getFull()) {
            now.portsOn(nodeId)
                    .filter(id -> !seen.contains(id))
                    .filter(id -> now.network().portStates().containsKey(id))
                    .forEach(id -> collected.add(List.of(Edit.delete(Table.PORT_STATE, id))));
        }
    }

    private static List<Edit> portState(Snapshot now, String id, PortState next) {
        Entry<PortState> old = now.network().portStates().get(id);
        return old != null && old.value().equals(next)
                ? List.of()
                : List.of(Edit.put(Table.PORT_STATE, id, next));
    }

    private void addNetwork(Snapshot now, Collected collected) {
        if (!report.hasNetwork()) {
            return;
        }
        NodeNetworkState next = report.getNetwork().toBuilder().setNodeId(nodeId).build();
        Entry<NodeNetworkState> old = now.network().nodeStates().get(nodeId);
        if (old == null || !old.value().equals(next)) {
            collected.add(List.of(Edit.put(Table.NODE_NETWORK, nodeId, next)));
        }
    }
}
