package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Action.Measure;

/**
 * Questions go to the agent, so many per second and port.
 *
 * <pre>
 * table=22, priority=100,reg1=0x4 actions=meter:18,CONTROLLER:65535
 * </pre>
 */
final class Ask {
    private Ask() {}

    static void write(Flows flows) {
        flows.in(Stage.ASK, 0, "")
                .then(new Measure(flows.meter(Meter.nodeQuestions())), new Action.Ask());
    }

    static void ofPort(Local local, Flows flows) {
        int meter = flows.meter(Meter.questions(local.ofport()));
        flows.in(Stage.ASK, 100, local.name())
                .is(Field.SOURCE, local.ofport())
                .then(new Measure(meter), new Action.Ask());
    }
}
