package io.hypervisor.controller.fence;

import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.state.Snapshot;

/** Takes the operator's word, given with FenceNode, that a node is off. */
public final class OperatorFencer implements Fencer {
    @Override
    public Verdict judge(Snapshot now, String instanceId) {
        boolean fenced =
                now.placement(instanceId)
                        .flatMap(placement -> now.health(placement.value().getNodeId()))
                        .filter(
                                health ->
                                        health.value().getStatus()
                                                == NodeStatus.NODE_STATUS_UNREACHABLE)
                        .map(health -> health.value().getFenced())
                        .orElse(false);
        return fenced
                ? new Verdict.NotRunning("an operator fenced its node")
                : new Verdict.MayRun();
    }
}
