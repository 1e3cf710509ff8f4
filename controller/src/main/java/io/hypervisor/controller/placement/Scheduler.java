package io.hypervisor.controller.placement;

import io.hypervisor.api.v1.InstancePlan;
import io.hypervisor.api.v1.NodeScore;
import io.hypervisor.api.v1.PlacementRejection;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Chooses the node for an instance. Pure and deterministic. */
public final class Scheduler {
    private static final int MAX_SCORES = 100;

    private Scheduler() {}

    /**
     * The best node that passes every filter: the preferred one if it does; else the one that keeps
     * most of the wished affinity, earlier rules first; else a container's image is best there
     * already; else, or among equals, the one with the largest free share of processors or memory,
     * whichever is scarcer (BIN_PACK: the smallest). Equal nodes are taken in the order of their
     * ids (BIN_PACK: in reverse).
     */
    public static Placement place(Snapshot now, Demand demand) {
        Search search = new Search(now, demand);
        Optional<Room> best = search.best();
        return best.isPresent()
                ? new Placement.Placed(best.get().id(), demand.reservation())
                : new Placement.NoRoom(rejections(search));
    }

    /** What {@link #place} would do, with the scores of all that fit. Looks at every node. */
    public static InstancePlan plan(Snapshot now, Demand demand) {
        Search search = new Search(now, demand);
        List<Room> fitting = new ArrayList<>(search.rooms().all());
        fitting.removeIf(room -> !search.fits(room));
        fitting.sort(search::compare);
        InstancePlan.Builder plan = InstancePlan.newBuilder().setReservation(demand.reservation());
        search.best().ifPresent(room -> plan.setNodeId(room.id()));
        fitting.stream()
                .limit(MAX_SCORES)
                .map(
                        room ->
                                NodeScore.newBuilder()
                                        .setNodeId(room.id())
                                        .setScore(search.score(room)))
                .forEach(plan::addScores);
        return plan.addAllRejections(rejections(search)).build();
    }

    private static List<PlacementRejection> rejections(Search search) {
        Map<Filter, PlacementRejection.Builder> byFilter = new EnumMap<>(Filter.class);
        // The example is the refused node of the smallest id, so that equal states tell the same.
        Map<Filter, String> exampleIds = new EnumMap<>(Filter.class);
        for (Room room : search.rooms().all()) {
            search.refusal(room)
                    .ifPresent(
                            refusal -> {
                                Filter filter = refusal.getKey();
                                PlacementRejection.Builder rejection =
                                        byFilter.computeIfAbsent(
                                                filter,
                                                f ->
                                                        PlacementRejection.newBuilder()
                                                                .setFilter(f.apiName()));
                                rejection.setNodes(rejection.getNodes() + 1);
                                String id = exampleIds.get(filter);
                                if (id == null || room.id().compareTo(id) < 0) {
                                    exampleIds.put(filter, room.id());
                                    rejection.setExample(
                                            room.node().getHostname() + ": " + refusal.getValue());
                                }
                            });
        }
        return byFilter.values().stream().map(PlacementRejection.Builder::build).toList();
    }
}
