package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Action.Measure;
import io.hypervisor.network.compiler.Action.Output;

import java.util.ArrayList;
import java.util.List;

/**
 * The port gets it.
 *
 * <pre>
 * table=70, priority=100,reg3=0x4 actions=meter:17,output:4
 * </pre>
 */
final class Deliver {
    private Deliver() {}

    static void toPort(Local local, Flows flows) {
        List<Action> actions = new ArrayList<>();
        long rate = local.port().source().getPort().getRateLimit().getIngressBps();
        if (rate > 0) {
            actions.add(new Measure(flows.meter(Meter.bits(Meter.to(local.ofport()), rate))));
        }
        actions.add(new Output(local.ofport()));
        flows.in(Stage.DELIVER, 100, local.name()).is(Field.TARGET, local.ofport()).then(actions);
    }
}
