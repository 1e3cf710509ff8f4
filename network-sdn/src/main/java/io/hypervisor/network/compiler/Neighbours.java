package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.LogicalNetwork;

/**
 * The MAC address of the next hop: known, or in a physical network learned, or asked for.
 *
 * <pre>
 * table=55, priority=100,reg0=0x1389,reg8=0xa000106
 *     actions=set_field:02:68:76:00:01:06-&gt;dl_dst,resubmit(,40)
 * table=55, priority=1,reg0=0x80002000 actions=resubmit(,56),resubmit(,57)
 * table=57, priority=5,ip actions=set_field:0x6-&gt;reg7,resubmit(,22)
 * </pre>
 */
final class Neighbours {
    private static final Resubmit SWITCH = new Resubmit(Stage.SWITCH);

    private Neighbours() {}

    static void write(Scene scene, Flows flows) {
        flows.in(Stage.RESOLVED, 10, "").is(Field.FOUND, 1).then(set(Field.FOUND, 0), SWITCH);
        for (boolean v6 : new boolean[] {false, true}) {
            flows.in(Stage.RESOLVED, 5, "")
                    .ip(v6)
                    .then(set(Field.QUESTION, Question.NEXT_HOP), new Resubmit(Stage.ASK));
        }
        for (LogicalNetwork network : scene.active()) {
            if (scene.routed(network)) {
                ofNetwork(scene, network, flows);
            }
        }
    }

    private static void ofNetwork(Scene scene, LogicalNetwork network, Flows flows) {
        for (Known known : scene.known(network)) {
            known(scene.key(network), known, flows);
        }
        if (!network.overlay()) {
            flows.in(Stage.NEIGHBOUR, 1, "network " + network.id())
                    .is(Field.NETWORK, scene.key(network))
                    .then(new Resubmit(Stage.LEARNED), new Resubmit(Stage.RESOLVED));
        }
    }

    /** An address of a network that routers lead to. */
    static void known(long key, Known known, Flows flows) {
        Field hop = known.address().v6() ? Field.NEXT_HOP6 : Field.NEXT_HOP;
        flows.in(Stage.NEIGHBOUR, 100, known.serves())
                .is(Field.NETWORK, key)
                .is(hop, known.address())
                .then(set(Field.ETH_DST, known.mac()), SWITCH);
    }
}
