package io.hypervisor.controller.placement;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;

import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One rule of one demand on one Snapshot. A place is a node, a zone of a region, a region, or all
 * nodes with the same value of a label. A node that is in no such place keeps an anti rule and
 * breaks the other kind. A rule of attraction to a group that has no member yet holds everywhere if
 * the instance itself is of the group: somebody has to be first.
 */
final class Affinity {
    private final Snapshot now;
    private final Demand demand;
    private final AffinityRule rule;
    private final Map<String, String> selector;
    private Optional<Set<String>> places = Optional.empty();
    private Optional<Boolean> first = Optional.empty();

    Affinity(Snapshot now, Demand demand, AffinityRule rule) {
        this.now = now;
        this.demand = demand;
        this.rule = rule;
        this.selector = rule.getLabelSelectorMap();
    }

    boolean holds(Room room) {
        boolean together = ofNode() ? member(room.id()) : inPlace(room);
        return rule.getAnti() ? !together : together || firstOfItsGroup();
    }

    /**
     * The only nodes on which it can hold, where these are known without looking at each: more than
     * these, never fewer.
     */
    Optional<Set<String>> only() {
        return ofNode() && !rule.getAnti() && !firstOfItsGroup()
                ? Optional.of(rarest().keySet())
                : Optional.empty();
    }

    String description() {
        return (rule.getAnti() ? "shares its " : "does not share its ")
                + topology()
                + " with instances labelled "
                + new TreeMap<>(selector);
    }

    private String topology() {
        return rule.getTopology().isEmpty() ? "node" : rule.getTopology();
    }

    private boolean ofNode() {
        return topology().equals("node");
    }

    private boolean inPlace(Room room) {
        Optional<String> place = place(room.node());
        return place.isPresent() && places().contains(place.get());
    }

    /** The places that have members. Grows with the number of nodes that members are on. */
    private Set<String> places() {
        if (places.isEmpty()) {
            places =
                    Optional.of(
                            rarest().keySet().stream()
                                    .filter(this::member)
                                    .flatMap(id -> now.node(id).stream())
                                    .flatMap(node -> place(node.value()).stream())
                                    .collect(Collectors.toCollection(HashSet::new)));
        }
        return places.get();
    }

    private Optional<String> place(NodeRecord node) {
        String value =
                switch (topology()) {
                    case "node" -> node.getId();
                    case "region" -> node.getRegion();
                    case "zone" ->
                            node.getZone().isEmpty() ? "" : node.getRegion() + "/" + node.getZone();
                    default -> node.getMetadata().getLabelsOrDefault(topology(), "");
                };
        return value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    private boolean firstOfItsGroup() {
        if (first.isEmpty()) {
            first =
                    Optional.of(
                            demand.labels().entrySet().containsAll(selector.entrySet())
                                    && rarest().keySet().stream().noneMatch(this::member));
        }
        return first.get();
    }

    /** The nodes with instances that have one of the labels: the label that fewest nodes have. */
    private Map<String, Integer> rarest() {
        Map<String, Integer> rarest = Map.of();
        boolean any = false;
        for (Map.Entry<String, String> label : selector.entrySet()) {
            Map<String, Integer> nodes = now.nodesByInstanceLabel(label.getKey(), label.getValue());
            if (!any || nodes.size() < rarest.size()) {
                rarest = nodes;
                any = true;
            }
        }
        return rarest;
    }

    /** Whether a node has an instance of the group, other than the one to place. */
    private boolean member(String nodeId) {
        boolean self = now.placedOn(nodeId).contains(demand.instanceId());
        boolean every = true;
        for (Map.Entry<String, String> label : selector.entrySet()) {
            every &= now.nodesByInstanceLabel(label.getKey(), label.getValue()).containsKey(nodeId);
        }
        if (!every || (selector.size() == 1 && !self)) {
            return every;
        }
        return now.placedOn(nodeId).stream()
                .filter(id -> !id.equals(demand.instanceId()))
                .flatMap(id -> now.instance(id).stream())
                .map(entry -> entry.value().getMetadata().getLabelsMap().entrySet())
                .anyMatch(labels -> labels.containsAll(selector.entrySet()));
    }
}
