package io.hypervisor.console;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.WatchNodesRequest;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Waits until a draining node is empty, or until nothing but blockers is left on it. */
final class Draining {
    private final Hvctl hvctl;
    private Node last;

    /**
     * @param node as it was answered when it began to drain
     */
    Draining(Hvctl hvctl, Node node) {
        this.hvctl = hvctl;
        this.last = node;
    }

    /** Returns the empty node. */
    Node await(Duration timeout) {
        WatchNodesRequest request = WatchNodesRequest.newBuilder().addNodeIds(last.getId()).build();
        try (Progress progress = new Progress(hvctl.surroundings())) {
            hvctl.session().followNodes(request, Optional.of(timeout), e -> ended(e, progress));
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() != Status.Code.DEADLINE_EXCEEDED) {
                throw e;
            }
            throw stuck(
                    Problem.TIMED_OUT,
                    " on " + last.getHostname() + " after " + Units.span(timeout));
        }
        if (last.getInstanceCount() > 0) {
            throw stuck(Problem.FAILED, " on " + last.getHostname() + " and cannot be moved");
        }
        return last;
    }

    private boolean ended(NodeEvent event, Progress progress) {
        Node node = event.getNode();
        // A bookmark, or a view from before the node began to drain.
        if (!event.hasNode() || node.getRevision() < last.getRevision()) {
            return false;
        }
        if (event.getType() == EventType.EVENT_TYPE_DELETED
                || node.getStatus() != NodeStatus.NODE_STATUS_DRAINING) {
            throw Problem.failed(
                    node.getHostname()
                            + " does not drain any more: "
                            + (event.getType() == EventType.EVENT_TYPE_DELETED
                                    ? "deregistered"
                                    : Words.of(node.getStatus())),
                    "");
        }
        last = node;
        progress.show(node.getHostname() + ": " + node.getInstanceCount() + " instances left");
        return node.getDrainBlockersCount() >= node.getInstanceCount();
    }

    private Problem stuck(int exitCode, String where) {
        List<String> reasons =
                last.getDrainBlockersList().stream()
                        .map(b -> b.getInstanceId() + ": " + b.getReason())
                        .toList();
        int count = last.getInstanceCount();
        return new Problem(
                exitCode,
                count + (count == 1 ? " instance is left" : " instances are left") + where,
                reasons,
                "deleting or stopping them; hvctl node uncordon "
                        + last.getHostname()
                        + " to give up. The node stays closed and drains on until then");
    }
}
