package io.hypervisor.controller.placement;

import io.hypervisor.api.v1.PlacementRejection;
import io.hypervisor.api.v1.Resources;

import java.util.List;
import java.util.stream.Collectors;

/** Where an instance goes, or why nowhere. */
public sealed interface Placement {
    /** The node, and what is to be reserved there. */
    record Placed(String nodeId, Resources reservation) implements Placement {}

    /** How many nodes each filter turned away, in the order of the filters; together all nodes. */
    record NoRoom(List<PlacementRejection> rejections) implements Placement {
        /** As a sentence. */
        public String reason() {
            if (rejections.isEmpty()) {
                return "no node fits: none is registered";
            }
            return rejections.stream()
                    .map(
                            r ->
                                    r.getFilter()
                                            + " turned away "
                                            + r.getNodes()
                                            + " ("
                                            + r.getExample()
                                            + ")")
                    .collect(Collectors.joining("; ", "no node fits: ", ""));
        }
    }
}
