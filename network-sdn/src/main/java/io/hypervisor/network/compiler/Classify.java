package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.Measure;
import io.hypervisor.network.compiler.Action.PopVlan;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.LogicalNetwork;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a frame comes from: its network and port, in registers. Of ports only untagged frames: a
 * tag of a guest's own would lead into another's VLAN.
 *
 * <pre>
 * table=0, priority=100,in_port=4,vlan_tci=0x0000/0x1fff
 *     actions=set_field:0x1388-&gt;reg0,set_field:0x4-&gt;reg1,set_field:0x9-&gt;reg2,resubmit(,10)
 * </pre>
 */
final class Classify {
    private Classify() {}

    static void write(Scene scene, Flows flows) {
        scene.active().forEach(network -> fromElsewhere(scene, network, flows));
    }

    static void fromPort(Local local, Flows flows) {
        Flows.Draft draft =
                flows.in(Stage.CLASSIFY, 100, local.up() ? local.name() : local.reasonDown())
                        .is(Field.IN_PORT, local.ofport());
        if (!local.up()) {
            draft.drop();
            return;
        }
        List<Action> actions = new ArrayList<>();
        long rate = local.port().source().getPort().getRateLimit().getEgressBps();
        if (rate > 0) {
            actions.add(new Measure(flows.meter(Meter.bits(Meter.from(local.ofport()), rate))));
        }
        actions.add(set(Field.NETWORK, local.segment().key()));
        actions.add(set(Field.SOURCE, local.ofport()));
        actions.add(set(Field.SOURCE_ZONE, local.zone()));
        actions.add(new Resubmit(Stage.PORT_SECURITY));
        draft.untagged().then(actions);
    }

    private static void fromElsewhere(Scene scene, LogicalNetwork network, Flows flows) {
        String serves = "network " + network.id();
        if (network.overlay()) {
            if (scene.wiring().tunnel() > 0) {
                flows.in(Stage.CLASSIFY, 100, serves)
                        .is(Field.IN_PORT, scene.wiring().tunnel())
                        .is(Field.TUNNEL_ID, network.vni())
                        .untagged()
                        .then(
                                set(Field.NETWORK, scene.key(network)),
                                set(Field.ORIGIN, Origin.ELSEWHERE),
                                new Resubmit(Stage.SWITCH));
            }
            return;
        }
        Flows.Draft draft =
                flows.in(Stage.CLASSIFY, 100, serves)
                        .is(Field.IN_PORT, scene.wiring().patches().get(network.physicalNetwork()))
                        .is(Field.VLAN, network.vlan() == 0 ? 0 : 0x1000 | network.vlan());
        List<Action> actions = new ArrayList<>();
        if (network.vlan() > 0) {
            actions.add(new PopVlan());
        }
        actions.add(set(Field.NETWORK, scene.key(network)));
        actions.add(set(Field.ORIGIN, Origin.PHYSICAL));
        actions.add(new Resubmit(Stage.LEARN));
        draft.then(actions);
    }
}
