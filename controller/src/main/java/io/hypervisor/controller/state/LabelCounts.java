package io.hypervisor.controller.state;

import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

import java.util.Map;

/** How many placed instances with each label every node has. Immutable. */
record LabelCounts(PMap<Map.Entry<String, String>, PMap<String, Integer>> byLabel) {
    static final LabelCounts EMPTY = new LabelCounts(HashTreePMap.empty());

    /** The nodes that have instances with this label, and how many. */
    PMap<String, Integer> nodes(String key, String value) {
        return byLabel.getOrDefault(Map.entry(key, value), HashTreePMap.empty());
    }

    /** After {@code change} more instances with these labels on a node; 1 or -1. */
    LabelCounts with(Map<String, String> labels, String node, int change) {
        PMap<Map.Entry<String, String>, PMap<String, Integer>> result = byLabel;
        for (Map.Entry<String, String> each : labels.entrySet()) {
            Map.Entry<String, String> label = Map.entry(each.getKey(), each.getValue());
            PMap<String, Integer> nodes = result.getOrDefault(label, HashTreePMap.empty());
            int count = nodes.getOrDefault(node, 0) + change;
            nodes = count == 0 ? nodes.minus(node) : nodes.plus(node, count);
            result = nodes.isEmpty() ? result.minus(label) : result.plus(label, nodes);
        }
        return new LabelCounts(result);
    }
}
