package io.hypervisor.controller.placement;

import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.PlacementStrategy;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Rooms;
import io.hypervisor.controller.state.Snapshot;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** One demand on one Snapshot: what must hold, what should, and the best node under that. */
final class Search {
    private final Demand demand;
    private final Rooms rooms;
    private final Set<String> imageTraits;
    private final List<Affinity> rules = new ArrayList<>();
    private final List<Affinity> wishes = new ArrayList<>();
    private final boolean emptiest;

    Search(Snapshot now, Demand demand) {
        this.demand = demand;
        this.rooms = now.rooms();
        this.imageTraits = Filter.imageTraits(demand.type(), demand.image());
        PlacementPolicy policy = demand.policy();
        for (AffinityRule rule : policy.getAffinityList()) {
            (rule.getRequired() ? rules : wishes).add(new Affinity(now, demand, rule));
        }
        PlacementStrategy strategy =
                policy.getStrategy() == PlacementStrategy.PLACEMENT_STRATEGY_UNSPECIFIED
                        ? now.config().strategy()
                        : policy.getStrategy();
        this.emptiest = strategy == PlacementStrategy.PLACEMENT_STRATEGY_SPREAD;
    }

    Demand demand() {
        return demand;
    }

    Rooms rooms() {
        return rooms;
    }

    /** Whether a node that does not hold the image fetches it. */
    boolean fetchesImage() {
        return demand.fetchesImage();
    }

    boolean holdsImage(Room room) {
        return imageTraits.isEmpty()
                || imageTraits.stream().anyMatch(t -> rooms.having(t).contains(room.id()));
    }

    /** The rules that must hold. */
    List<Affinity> rules() {
        return rules;
    }

    /** The first filter that turns a node away, and why. */
    Optional<Map.Entry<Filter, String>> refusal(Room room) {
        for (Filter filter : Filter.values()) {
            Optional<String> refusal = filter.refusal(this, room);
            if (refusal.isPresent()) {
                return Optional.of(Map.entry(filter, refusal.get()));
            }
        }
        return Optional.empty();
    }

    boolean fits(Room room) {
        return refusal(room).isEmpty();
    }

    /**
     * How well a node that fits does, 0 to 100. Wishes come before room, and earlier wishes before
     * later ones: the score is a binary fraction whose digits are the wishes, the preferred node
     * first and an image that need not be fetched last, and whose rest is the free share (BIN_PACK:
     * the taken share).
     */
    double score(Room room) {
        int count =
                wishes.size()
                        + (demand.policy().getPreferredNodeId().isEmpty() ? 0 : 1)
                        + (fetchesImage() ? 1 : 0);
        double rest = emptiest ? room.freeShare() : 1 - room.freeShare();
        return 100 * (digits(room) + rest) / (1 << count);
    }

    /** Better nodes first. */
    int compare(Room a, Room b) {
        int byWishes = Integer.compare(digits(b), digits(a));
        return byWishes != 0 ? byWishes : emptiest ? b.compareTo(a) : a.compareTo(b);
    }

    private int digits(Room room) {
        int digits = room.id().equals(demand.policy().getPreferredNodeId()) ? 1 : 0;
        for (Affinity wish : wishes) {
            digits = digits * 2 + (wish.holds(room) ? 1 : 0);
        }
        if (fetchesImage()) {
            digits = digits * 2 + (holdsImage(room) ? 1 : 0);
        }
        return digits;
    }

    /**
     * The node of the highest score. Taking the wishes one after the other, each kept if somebody
     * still fits, gives the highest digits; among those nodes the order of rooms gives the rest.
     */
    Optional<Room> best() {
        Optional<Room> preferred =
                rooms.of(demand.policy().getPreferredNodeId()).filter(this::fits);
        if (preferred.isPresent()) {
            return preferred;
        }
        List<Affinity> kept = new ArrayList<>();
        Optional<Room> best = bestUnder(kept, false);
        for (Affinity wish : wishes) {
            if (best.isEmpty()) {
                return best;
            }
            kept.add(wish);
            Optional<Room> better = wish.holds(best.get()) ? best : bestUnder(kept, false);
            if (better.isPresent()) {
                best = better;
            } else {
                kept.removeLast();
            }
        }
        if (best.isEmpty() || holdsImage(best.get())) {
            return best;
        }
        Optional<Room> holder = bestUnder(kept, true);
        return holder.isPresent() ? holder : best;
    }

    private Optional<Room> bestUnder(List<Affinity> wanted, boolean withImage) {
        Predicate<Room> accepted =
                room ->
                        fits(room)
                                && wanted.stream().allMatch(wish -> wish.holds(room))
                                && (!withImage || holdsImage(room));
        Optional<Set<String>> few = fewest(wanted, withImage || !fetchesImage());
        if (few.isPresent()) {
            Optional<Room> best = Optional.empty();
            for (String id : few.get()) {
                Optional<Room> room = rooms.of(id).filter(accepted);
                best = Rooms.better(best, room, emptiest);
            }
            return best;
        }
        Resources need = demand.reservation();
        return rooms.best(need, emptiest, this::groupFits, accepted);
    }

    private boolean groupFits(Rooms.Group group) {
        String region = demand.policy().getRegion();
        String zone = demand.policy().getZone();
        return group.types().contains(demand.typeName())
                && (region.isEmpty() || region.equals(group.region()))
                && (zone.isEmpty() || zone.equals(group.zone()));
    }

    /**
     * The smallest known set that holds every node in question, if it is small enough to look at
     * each: walking the ordered rooms would meet one of k in n nodes after about n/k.
     */
    private Optional<Set<String>> fewest(List<Affinity> wanted, boolean withImage) {
        List<Set<String>> sets = new ArrayList<>();
        demand.policy()
                .getNodeSelectorMap()
                .forEach((key, value) -> sets.add(rooms.having(Rooms.label(key, value))));
        demand.networks().forEach(network -> sets.add(rooms.having(Rooms.carrying(network))));
        rules.forEach(rule -> rule.only().ifPresent(sets::add));
        wanted.forEach(rule -> rule.only().ifPresent(sets::add));
        if (withImage && !imageTraits.isEmpty()) {
            int size = imageTraits.stream().mapToInt(t -> rooms.having(t).size()).sum();
            if (isFew(size)) {
                Set<String> union = new HashSet<>();
                imageTraits.forEach(trait -> union.addAll(rooms.having(trait)));
                sets.add(union);
            }
        }
        return sets.stream()
                .filter(set -> isFew(set.size()))
                .min((a, b) -> Integer.compare(a.size(), b.size()));
    }

    private boolean isFew(int size) {
        return (long) size * size <= rooms.openCount();
    }
}
