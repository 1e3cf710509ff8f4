package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalPort;

import java.util.List;
import java.util.Optional;

/**
 * One port of the view.
 *
 * @param plug where it is plugged into this node's switch; empty: it is not
 * @param tunnel actions that send a frame to the other node that carries it; none: no such node
 * @param clauses its part in the rules
 */
record PortPart(
        LogicalPort port,
        Segment segment,
        Optional<Wiring.Plug> plug,
        List<Action> tunnel,
        List<Rules.Clause> clauses)
        implements Part {
    @Override
    public String name() {
        return "port " + port.id();
    }

    Optional<Local> local() {
        return plug.map(found -> new Local(port, segment, found.ofport(), found.zone()));
    }

    @Override
    public void write(Flows flows) {
        local().ifPresent(local -> write(local, flows));
        Switching.toPort(this, flows);
        if (segment.active()) {
            for (Known known : Known.of(port)) {
                Answer.known(segment.network(), segment.key(), known, flows);
                if (segment.routed()) {
                    Neighbours.known(segment.key(), known, flows);
                }
            }
        }
        Rules.write(this, flows);
    }

    private static void write(Local local, Flows flows) {
        Classify.fromPort(local, flows);
        Tracking.ofPort(local, flows);
        if (local.up()) {
            PortSecurity.ofPort(local, flows);
            NdSecurity.ofPort(local, flows);
            Answer.ofPort(local, flows);
            Ask.ofPort(local, flows);
            Deliver.toPort(local, flows);
        }
    }
}
