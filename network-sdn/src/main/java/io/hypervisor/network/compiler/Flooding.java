package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.Resubmit;

import java.util.ArrayList;
import java.util.List;

/**
 * What is for all of a network is sent to its ports and to those nodes that carry ports of it, a
 * hundred per flow, because a flow has room for some 450.
 *
 * <pre>
 * table=40, priority=60,reg0=0x1388,reg5=0x0,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00
 *     actions=set_field:0x0-&gt;reg4,resubmit(,41),set_field:0x1-&gt;reg4,resubmit(,41)
 * table=41, priority=100,reg0=0x1388,reg4=0x0
 *     actions=set_field:0x4-&gt;reg3,set_field:0x9-&gt;reg4,resubmit(,60),set_field:0x5-&gt;reg3,…
 * </pre>
 *
 * @param locals the plugged ports that pass packets
 * @param tunnels actions for each other node
 * @param physical actions for the physical network; none: an overlay
 */
record Flooding(
        Segment segment,
        List<Wiring.Plug> locals,
        List<List<Action>> tunnels,
        List<Action> physical)
        implements Part {
    private static final Match TO_MANY =
            Match.masked(Field.ETH_DST, 0x0100_0000_0000L, 0x0100_0000_0000L);
    private static final int PART = 100;
    private static final int FIRST_OF_TUNNELS = 0x10000;

    @Override
    public String name() {
        return "flooding of network " + segment.network().id();
    }

    @Override
    public void write(Flows flows) {
        List<Action> toLocals =
                inParts(
                        0,
                        locals.stream()
                                .map(plug -> Switching.deliver(plug.ofport(), plug.zone()))
                                .toList(),
                        flows);
        in(Stage.SWITCH, 50, flows).is(TO_MANY).then(toLocals);
        List<Action> toAll = new ArrayList<>(inParts(FIRST_OF_TUNNELS, tunnels, flows));
        toAll.addAll(toLocals);
        // Last, because of the tag.
        toAll.addAll(physical);
        in(Stage.SWITCH, 60, flows).is(Field.ORIGIN, Origin.HERE).is(TO_MANY).then(toAll);
    }

    /** What is done to a frame for each who gets it; parts are numbered from the first. */
    private List<Action> inParts(int first, List<List<Action>> each, Flows flows) {
        if (each.size() <= PART) {
            return flat(each);
        }
        List<Action> actions = new ArrayList<>();
        for (int from = 0; from < each.size(); from += PART) {
            int part = first + from / PART;
            in(Stage.FLOOD, 100, flows)
                    .is(Field.TARGET_ZONE, part)
                    .then(flat(each.subList(from, Math.min(from + PART, each.size()))));
            // What needs a zone sets it anew.
            actions.add(set(Field.TARGET_ZONE, part));
            actions.add(new Resubmit(Stage.FLOOD));
        }
        return actions;
    }

    private static List<Action> flat(List<List<Action>> each) {
        return each.stream().flatMap(List::stream).toList();
    }

    private Flows.Draft in(Stage stage, int priority, Flows flows) {
        return flows.in(stage, priority, "network " + segment.network().id())
                .is(Field.NETWORK, segment.key());
    }
}
