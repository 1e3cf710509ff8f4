package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.core.spec.ImageRefs;

import org.pcollections.HashTreePMap;
import org.pcollections.HashTreePSet;
import org.pcollections.PMap;
import org.pcollections.PSet;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The index that placing uses: every node's room, the open ones ordered by free share within groups
 * of equal type and place, and which nodes have a label or an image. Immutable; one node's change
 * costs O(log n).
 */
public final class Rooms {
    static final Rooms EMPTY =
            new Rooms(HashTreePMap.empty(), HashTreePMap.empty(), HashTreePMap.empty(), 0);

    /** What the nodes of one group have in common. */
    public record Group(Set<String> types, String region, String zone) {
        static Group of(NodeRecord node) {
            return new Group(
                    Set.copyOf(node.getSupportedInstanceTypesList()),
                    node.getRegion(),
                    node.getZone());
        }
    }

    private final PMap<String, Room> byNode;
    private final PMap<Group, RoomTree> open;
    private final PMap<String, PSet<String>> nodesByTrait;
    private final int openCount;

    private Rooms(
            PMap<String, Room> byNode,
            PMap<Group, RoomTree> open,
            PMap<String, PSet<String>> nodesByTrait,
            int openCount) {
        this.byNode = byNode;
        this.open = open;
        this.nodesByTrait = nodesByTrait;
        this.openCount = openCount;
    }

    /** Every node, open or not, in no particular order. */
    public Collection<Room> all() {
        return byNode.values();
    }

    /** One node's room. */
    public Optional<Room> of(String nodeId) {
        return Optional.ofNullable(byNode.get(nodeId));
    }

    /** How many nodes are open. */
    public int openCount() {
        return openCount;
    }

    /**
     * Among the open nodes of the accepted groups, the accepted one with the largest free share
     * ({@code emptiest}) or the smallest that has {@code need} free.
     */
    public Optional<Room> best(
            Resources need, boolean emptiest, Predicate<Group> group, Predicate<Room> accepted) {
        Optional<Room> best = Optional.empty();
        for (Map.Entry<Group, RoomTree> entry : open.entrySet()) {
            if (group.test(entry.getKey())) {
                best = better(best, entry.getValue().first(need, emptiest, accepted), emptiest);
            }
        }
        return best;
    }

    /** Which of two comes first. */
    public static Optional<Room> better(Optional<Room> a, Optional<Room> b, boolean emptiest) {
        if (a.isEmpty() || b.isEmpty()) {
            return a.isPresent() ? a : b;
        }
        boolean keep = a.get().compareTo(b.get()) > 0 == emptiest;
        return keep ? a : b;
    }

    /** The nodes with a trait; see {@link #label} and {@link #image}. */
    public Set<String> having(String trait) {
        return nodesByTrait.getOrDefault(trait, HashTreePSet.empty());
    }

    /** The trait of having this label. */
    public static String label(String key, String value) {
        return "label:" + key + "=" + value;
    }

    /** The trait of holding this image. */
    public static String image(InstanceType type, String name) {
        return "image:" + type.getNumber() + ":" + ImageRefs.canonical(type, name);
    }

    /** The trait of not saying which images of this type it holds. */
    public static String silent(InstanceType type) {
        return "silent:" + type.getNumber();
    }

    /** The trait of carrying this network, as {@link Carriage} names it. */
    public static String carrying(String network) {
        return "network:" + network;
    }

    Rooms with(String id, Optional<Room> next) {
        Optional<Room> last = of(id);
        if (last.equals(next)) {
            return this;
        }
        PMap<Group, RoomTree> nextOpen = open;
        int count = openCount;
        if (last.filter(Room::open).isPresent()) {
            Group group = Group.of(last.get().node());
            RoomTree rest = nextOpen.get(group).minus(last.get());
            nextOpen = rest.isEmpty() ? nextOpen.minus(group) : nextOpen.plus(group, rest);
            count--;
        }
        if (next.filter(Room::open).isPresent()) {
            Group group = Group.of(next.get().node());
            nextOpen =
                    nextOpen.plus(
                            group, nextOpen.getOrDefault(group, RoomTree.EMPTY).plus(next.get()));
            count++;
        }
        return new Rooms(
                next.isPresent() ? byNode.plus(id, next.get()) : byNode.minus(id),
                nextOpen,
                retrait(id, last, next),
                count);
    }

    private PMap<String, PSet<String>> retrait(
            String id, Optional<Room> last, Optional<Room> next) {
        // Most changes are of what is taken, which has no trait; equal objects compare at once.
        if (last.isPresent()
                && next.isPresent()
                && last.get().node().equals(next.get().node())
                && last.get().health().equals(next.get().health())) {
            return nodesByTrait;
        }
        Set<String> before = last.map(Rooms::traits).orElse(Set.of());
        Set<String> after = next.map(Rooms::traits).orElse(Set.of());
        PMap<String, PSet<String>> result = nodesByTrait;
        for (String trait : before) {
            if (!after.contains(trait)) {
                PSet<String> rest = result.get(trait).minus(id);
                result = rest.isEmpty() ? result.minus(trait) : result.plus(trait, rest);
            }
        }
        for (String trait : after) {
            if (!before.contains(trait)) {
                result =
                        result.plus(
                                trait, result.getOrDefault(trait, HashTreePSet.empty()).plus(id));
            }
        }
        return result;
    }

    private static Set<String> traits(Room room) {
        Set<String> traits = new HashSet<>();
        room.node()
                .getMetadata()
                .getLabelsMap()
                .forEach((key, value) -> traits.add(label(key, value)));
        Carriage.of(room.node()).forEach(network -> traits.add(carrying(network)));
        Set<InstanceType> told = new HashSet<>();
        for (Image image : room.health().map(NodeHealth::getImagesList).orElse(List.of())) {
            told.add(image.getType());
            traits.add(image(image.getType(), image.getName()));
        }
        for (InstanceType type : InstanceType.values()) {
            if (type != InstanceType.UNRECOGNIZED && !told.contains(type)) {
                traits.add(silent(type));
            }
        }
        return traits;
    }

    /** The open nodes of each group in order, for tests. */
    Map<Group, List<Room>> inOrder() {
        Map<Group, List<Room>> result = new HashMap<>();
        open.forEach(
                (group, tree) -> {
                    List<Room> rooms = new ArrayList<>();
                    tree.forEach(rooms::add);
                    result.put(group, rooms);
                });
        return result;
    }

    Map<String, PSet<String>> traits() {
        return nodesByTrait;
    }
}
