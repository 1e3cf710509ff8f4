package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.v1.NodeCondition;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A node's health on its way from one snapshot to the next; NOT_READY before the first. */
final class Health {
    private static final int MAX_CONDITIONS = 32;

    private final NodeHealth old;
    private final NodeHealth.Builder next;
    private final Timestamp at;

    Health(Snapshot now, String nodeId, Timestamp at) {
        this.at = at;
        this.old = now.health(nodeId).map(Entry::value).orElse(NodeHealth.getDefaultInstance());
        this.next = old.toBuilder().setNodeId(nodeId);
        if (now.health(nodeId).isEmpty()) {
            next.setStatus(NodeStatus.NODE_STATUS_NOT_READY).setSince(at);
        }
    }

    /** Instances are taken off a node that is out of touch: it need not hold on to its copies. */
    static List<Edit> agreeToRemoval(Snapshot now, String nodeId) {
        return now.health(nodeId)
                .map(Entry::value)
                .filter(health -> !health.getRemovalAgreed())
                .map(health -> health.toBuilder().setRemovalAgreed(true).build())
                .map(health -> List.of(Edit.put(Table.HEALTH, nodeId, health)))
                .orElse(List.of());
    }

    /** What is kept of a node that is removed: that its copies may go, if that was agreed. */
    static Edit afterRemoval(Snapshot now, String nodeId) {
        return now.health(nodeId).map(Entry::value).filter(NodeHealth::getRemovalAgreed).isPresent()
                ? Edit.put(
                        Table.HEALTH,
                        nodeId,
                        NodeHealth.newBuilder()
                                .setNodeId(nodeId)
                                .setStatus(NodeStatus.NODE_STATUS_NOT_READY)
                                .setRemovalAgreed(true)
                                .build())
                : Edit.delete(Table.HEALTH, nodeId);
    }

    NodeHealth.Builder next() {
        return next;
    }

    /** Whoever is back in touch is not fenced any more. */
    Health status(NodeStatus status) {
        if (status != next.getStatus()) {
            next.setStatus(status).setSince(at);
        }
        if (status != NodeStatus.NODE_STATUS_UNREACHABLE) {
            next.clearFenced();
        }
        if (status == NodeStatus.NODE_STATUS_READY) {
            next.clearRemovalAgreed();
        }
        return this;
    }

    /** Replaces all conditions. */
    Health conditions(List<NodeCondition> conditions) {
        next.clearConditions().addAllConditions(stamped(conditions).values());
        return this;
    }

    /** Replaces the conditions of these types and keeps the others. */
    Health merge(List<NodeCondition> conditions) {
        Map<String, NodeCondition> merged = byType(old.getConditionsList());
        merged.putAll(stamped(conditions));
        if (merged.size() > MAX_CONDITIONS) {
            throw Fault.invalid(
                    "conditions", merged.size() + " types with those before", "at most 32 in all");
        }
        next.clearConditions().addAllConditions(merged.values());
        return this;
    }

    Health allocated(Resources allocated) {
        next.setReportedAllocated(allocated);
        return this;
    }

    /** The change, if there is one. */
    List<Edit> edits() {
        NodeHealth built = next.build();
        return built.equals(old)
                ? List.of()
                : List.of(Edit.put(Table.HEALTH, built.getNodeId(), built));
    }

    private Map<String, NodeCondition> stamped(Collection<NodeCondition> conditions) {
        Map<String, NodeCondition> before = byType(old.getConditionsList());
        Map<String, NodeCondition> result = new LinkedHashMap<>();
        for (NodeCondition condition : conditions) {
            NodeCondition last = before.get(condition.getType());
            boolean same = last != null && last.getStatus().equals(condition.getStatus());
            Timestamp since = same ? last.getLastTransitionTime() : at;
            result.put(
                    condition.getType(),
                    condition.hasLastTransitionTime()
                            ? condition
                            : condition.toBuilder().setLastTransitionTime(since).build());
        }
        return result;
    }

    private static Map<String, NodeCondition> byType(List<NodeCondition> conditions) {
        Map<String, NodeCondition> result = new LinkedHashMap<>();
        conditions.forEach(condition -> result.put(condition.getType(), condition));
        return result;
    }
}
