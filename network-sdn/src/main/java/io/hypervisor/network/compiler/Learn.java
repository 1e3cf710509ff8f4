package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalSubnet;

/**
 * Hosts of physical networks that routers lead to: the switch remembers their MAC addresses from
 * what they ask and answer.
 *
 * <pre>
 * table=18, priority=100,arp,reg0=0x80002000,arp_spa=203.0.113.0/24
 *     actions=learn(table=56,idle_timeout=300,…,reg8[]=arp_spa[],load:arp_sha[]-&gt;dl_dst[],…),resubmit(,20)
 * </pre>
 */
final class Learn {
    private static final Resubmit ANSWER = new Resubmit(Stage.ANSWER);

    private Learn() {}

    static void write(Scene scene, Flows flows) {
        flows.in(Stage.LEARN, 0, "").then(ANSWER);
        // Without the option there is nothing to learn.
        flows.in(Stage.LEARN, 110, "")
                .icmp6(Icmp6.NEIGHBOUR_SOLICITATION)
                .is(Field.ND_SLL, 0)
                .then(ANSWER);
        flows.in(Stage.LEARN, 110, "")
                .icmp6(Icmp6.NEIGHBOUR_ADVERTISEMENT)
                .is(Field.ND_TLL, 0)
                .then(ANSWER);
        for (LogicalNetwork network : scene.active()) {
            if (!network.overlay() && scene.routed(network)) {
                for (LogicalSubnet subnet : scene.subnetsOf(network.id())) {
                    ofSubnet(scene, network, subnet, flows);
                }
            }
        }
    }

    private static void ofSubnet(
            Scene scene, LogicalNetwork network, LogicalSubnet subnet, Flows flows) {
        String serves = "network " + network.id();
        long cookie = flows.cookie(serves);
        Flows.Draft draft = in(scene, network, flows, serves);
        if (!subnet.cidr().v6()) {
            draft.arp()
                    .is(Match.of(Field.ARP_SPA, subnet.cidr()))
                    .then(
                            new Action.Learn(Field.NEXT_HOP, Field.ARP_SPA, Field.ARP_SHA, cookie),
                            ANSWER);
            return;
        }
        draft.icmp6(Icmp6.NEIGHBOUR_ADVERTISEMENT)
                .is(Match.of(Field.ND_TARGET, subnet.cidr()))
                .then(
                        new Action.Learn(Field.NEXT_HOP6, Field.ND_TARGET, Field.ND_TLL, cookie),
                        ANSWER);
        in(scene, network, flows, serves)
                .icmp6(Icmp6.NEIGHBOUR_SOLICITATION)
                .is(Match.of(Field.IP6_SRC, subnet.cidr()))
                .then(
                        new Action.Learn(Field.NEXT_HOP6, Field.IP6_SRC, Field.ND_SLL, cookie),
                        ANSWER);
    }

    private static Flows.Draft in(Scene scene, LogicalNetwork network, Flows flows, String serves) {
        return flows.in(Stage.LEARN, 100, serves).is(Field.NETWORK, scene.key(network));
    }
}
