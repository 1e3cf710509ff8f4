package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.action.Action;

/** The decisions about nodes that are asked for here; each method makes one action. */
public interface NodeVerbs {
    /** Records what a node has reported. */
    Action<?> report(String nodeId, NodeReport report);

    /** Writes a node's health: READY, NOT_READY or UNREACHABLE. */
    Action<?> health(String nodeId, NodeStatus status);
}
