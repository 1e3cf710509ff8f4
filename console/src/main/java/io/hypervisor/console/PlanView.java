package io.hypervisor.console;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.InstancePlan;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeScore;
import io.hypervisor.api.v1.PlacementRejection;
import io.hypervisor.api.v1.Resources;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Shows where an instance would go and why not elsewhere. */
final class PlanView {
    private static final List<Column<PlacementRejection>> REJECTIONS =
            List.of(
                    Column.of("FILTER", PlacementRejection::getFilter),
                    Column.of("NODES", r -> "" + r.getNodes()),
                    Column.of("EXAMPLE", PlacementRejection::getExample));

    private final Hvctl hvctl;

    PlanView(Hvctl hvctl) {
        this.hvctl = hvctl;
    }

    /** Returns the exit code: 0, or that of an instance without a place. */
    int show(CreateInstanceRequest request) {
        InstancePlan plan = hvctl.session().compute().planInstance(request);
        Output output = hvctl.output();
        switch (output.format()) {
            case json, yaml -> output.message(plan);
            case name -> hvctl.surroundings().out().println(plan.getNodeId());
            case table, wide -> tables(plan, output);
        }
        if (!plan.getNodeId().isEmpty()) {
            return 0;
        }
        hvctl.say("error: no node has room for " + request.getName());
        return Problem.NOT_PLACED;
    }

    private void tables(InstancePlan plan, Output output) {
        Map<String, String> hostnames =
                plan.getScoresCount() == 0
                        ? Map.of()
                        : Lookup.nodes(
                                        hvctl.session(),
                                        ListNodesRequest.getDefaultInstance(),
                                        Integer.MAX_VALUE)
                                .getNodesList()
                                .stream()
                                .collect(Collectors.toMap(Node::getId, Node::getHostname));
        if (plan.getScoresCount() > 0) {
            List<Column<NodeScore>> scores =
                    List.of(
                            Column.of(
                                    "NODE",
                                    s -> hostnames.getOrDefault(s.getNodeId(), s.getNodeId())),
                            Column.of(
                                    "SCORE", s -> String.format(Locale.ROOT, "%.1f", s.getScore())),
                            Column.of(
                                    "WOULD RESERVE",
                                    s ->
                                            s.getNodeId().equals(plan.getNodeId())
                                                    ? amounts(plan.getReservation())
                                                    : ""));
            output.table(plan.getScoresList(), scores);
        }
        if (plan.getRejectionsCount() > 0) {
            output.table(plan.getRejectionsList(), REJECTIONS);
        }
    }

    private static String amounts(Resources r) {
        return r.getCpuCores()
                + " cpus, "
                + Units.size(r.getMemoryBytes())
                + " memory, "
                + Units.size(r.getDiskBytes())
                + " disk";
    }
}
