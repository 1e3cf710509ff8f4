package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.controller.action.Committer;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Records reports of any size through a store that takes few writes at a time. */
final class Reports {
    // An entry changes at most three records, and the node's own state one.
    static final int MAX_ENTRIES = 24;

    private Reports() {}

    /** Records a report, in order after those before it. Completes when all of it is durable. */
    static CompletableFuture<?> record(
            Committer committer, NodeVerbs verbs, String nodeId, NodeReport report) {
        CompletableFuture<?>[] pieces =
                pieces(report).stream()
                        .map(piece -> committer.submit(verbs.report(nodeId, piece)))
                        .toArray(CompletableFuture[]::new);
        return CompletableFuture.allOf(pieces);
    }

    /**
     * The same as a sequence of small reports. A full one comes whole at the end, when all that it
     * mentions is known and only what it does not mention is news.
     */
    static List<NodeReport> pieces(NodeReport report) {
        if (entries(report) <= MAX_ENTRIES) {
            return List.of(report);
        }
        List<NodeReport> pieces = new ArrayList<>();
        if (report.hasNode()) {
            pieces.add(NodeReport.newBuilder().setNode(report.getNode()).build());
        }
        slices(report.getObservedList())
                .forEach(s -> pieces.add(NodeReport.newBuilder().addAllObserved(s).build()));
        slices(report.getLocalList())
                .forEach(s -> pieces.add(NodeReport.newBuilder().addAllLocal(s).build()));
        slices(report.getLocalGoneList())
                .forEach(s -> pieces.add(NodeReport.newBuilder().addAllLocalGone(s).build()));
        if (report.getFull()) {
            pieces.add(report);
        }
        return pieces;
    }

    private static int entries(NodeReport report) {
        return report.getObservedCount() + report.getLocalCount() + report.getLocalGoneCount();
    }

    private static <T> List<List<T>> slices(List<T> entries) {
        List<List<T>> slices = new ArrayList<>();
        for (int from = 0; from < entries.size(); from += MAX_ENTRIES) {
            slices.add(entries.subList(from, Math.min(from + MAX_ENTRIES, entries.size())));
        }
        return slices;
    }
}
