package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.Copy;
import io.hypervisor.network.compiler.Action.PushVlan;
import io.hypervisor.network.compiler.Action.Reflect;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalSubnet;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.List;

/**
 * What the network knows is answered where it is asked: ARP by the switch itself, neighbours,
 * routers, DHCP and DNS by the agent. In overlays what nobody knows is not asked on; in physical
 * networks it is.
 *
 * <pre>
 * table=20, priority=100,arp,reg0=0x1388,reg5=0x0,arp_op=1,arp_tpa=10.0.0.6
 *     actions=move:dl_src[]-&gt;dl_dst[],set_field:02:68:76:00:00:06-&gt;dl_src,set_field:2-&gt;arp_op,…,IN_PORT
 * </pre>
 */
final class Answer {
    private static final Prefix LINK_LOCAL = Prefix.parse("fe80::/64");
    private static final int DNS = 53;
    private static final Resubmit SWITCH = new Resubmit(Stage.SWITCH);
    private static final Resubmit TRACK = new Resubmit(Stage.EGRESS_TRACK);

    private final Scene scene;
    private final Flows flows;

    private Answer(Scene scene, Flows flows) {
        this.scene = scene;
        this.flows = flows;
    }

    static void write(Scene scene, Flows flows) {
        flows.in(Stage.ANSWER, 1, "").is(Field.ORIGIN, Origin.PHYSICAL).then(SWITCH);
        flows.in(Stage.ANSWER, 1, "").is(Field.ORIGIN, Origin.HERE).ip(false).then(TRACK);
        flows.in(Stage.ANSWER, 1, "").is(Field.ORIGIN, Origin.HERE).ip(true).then(TRACK);
        Answer answer = new Answer(scene, flows);
        scene.active().forEach(answer::ofNetwork);
    }

    private void ofNetwork(LogicalNetwork network) {
        for (Known known : scene.known(network)) {
            known(network, scene.key(network), known, flows);
        }
        for (LogicalSubnet subnet : scene.subnetsOf(network.id())) {
            ofSubnet(network, subnet);
        }
        String serves = "network " + network.id();
        if (!network.overlay()) {
            in(network, 10, serves).arp().then(SWITCH);
            // What its advertisements make a guest take for its router.
            scene.interfaces(network).stream()
                    .filter(end -> end.address().v6())
                    .map(end -> Address.linkLocal(end.mac()))
                    .forEach(
                            router ->
                                    solicits(network, 100, serves)
                                            .is(Field.ND_TARGET, router)
                                            .then(ask(Question.NEIGHBOUR)));
            return;
        }
        solicits(network, 90, serves)
                .is(Match.of(Field.ND_TARGET, LINK_LOCAL))
                .then(ask(Question.NEIGHBOUR));
        solicits(network, 50, serves).drop();
        in(network, 50, serves).icmp6(Icmp6.NEIGHBOUR_ADVERTISEMENT).drop();
    }

    /** An address of a network with that value of {@link Field#NETWORK}. */
    static void known(LogicalNetwork network, long key, Known known, Flows flows) {
        answer(
                asked(key, Origin.HERE, known.serves(), flows),
                known.address(),
                reply(known.address(), known.mac()));
        if (!network.overlay() && known.here()) {
            List<Action> reply = new ArrayList<>(reply(known.address(), known.outside()));
            if (network.vlan() > 0) {
                reply.add(new PushVlan(network.vlan()));
            }
            answer(asked(key, Origin.PHYSICAL, known.serves(), flows), known.address(), reply);
        }
    }

    private static Flows.Draft asked(long key, Origin origin, String serves, Flows flows) {
        return flows.in(Stage.ANSWER, 100, serves).is(Field.NETWORK, key).is(Field.ORIGIN, origin);
    }

    private static void answer(Flows.Draft draft, Address address, List<Action> reply) {
        if (address.v6()) {
            draft.icmp6(Icmp6.NEIGHBOUR_SOLICITATION)
                    .is(Field.ND_TARGET, address)
                    .then(ask(Question.NEIGHBOUR));
            return;
        }
        List<Action> actions = new ArrayList<>(reply);
        actions.add(new Reflect());
        draft.arp().is(Field.ARP_OP, 1).is(Field.ARP_TPA, address).then(actions);
    }

    private static List<Action> reply(Address address, Mac mac) {
        return List.of(
                new Copy(Field.ETH_SRC, Field.ETH_DST),
                set(Field.ETH_SRC, mac),
                set(Field.ARP_OP, 2),
                new Copy(Field.ARP_SHA, Field.ARP_THA),
                set(Field.ARP_SHA, mac),
                new Copy(Field.ARP_SPA, Field.ARP_TPA),
                set(Field.ARP_SPA, address));
    }

    private void ofSubnet(LogicalNetwork network, LogicalSubnet subnet) {
        String serves = "subnet " + subnet.id();
        Address gateway = subnet.gateway();
        boolean owned =
                scene.taken().contains(subnet.id())
                        || scene.known(network).stream()
                                .anyMatch(known -> known.address().equals(gateway));
        if (network.overlay() && !owned) {
            // No router, but DNS is asked there.
            Known noRouter = new Known(gateway, Mac.GATEWAY, false, Mac.GATEWAY, serves);
            known(network, scene.key(network), noRouter, flows);
        }
        List<String> servers = subnet.source().getDnsServersList();
        if (servers.isEmpty() || servers.stream().map(Address::parse).anyMatch(gateway::equals)) {
            in(network, 100, serves)
                    .to(Prefix.of(gateway))
                    .is(Field.IP_PROTO, Match.UDP)
                    .is(Field.PORT_DST, DNS)
                    .then(ask(Question.DNS));
        }
    }

    static void ofPort(Local local, Flows flows) {
        List<Address> own = new ArrayList<>(local.port().addresses());
        own.add(local.port().linkLocal());
        own.forEach(address -> ownProbe(local, address, flows));
        List<LogicalSubnet> subnets = local.segment().subnets();
        if (subnets.stream().anyMatch(subnet -> leases(local, subnet, false))) {
            of(local, flows).udp(false, 68, 67).then(ask(Question.DHCP4));
        }
        if (subnets.stream().anyMatch(subnet -> leases(local, subnet, true))) {
            of(local, flows).udp(true, 546, 547).then(ask(Question.DHCP6));
        }
        if (subnets.stream().anyMatch(subnet -> advertised(local.segment(), subnet))) {
            of(local, flows).icmp6(Icmp6.ROUTER_SOLICITATION).then(ask(Question.ROUTER));
        }
    }

    // It asks whether somebody else has its address, or tells that it has. Physical hosts may
    // answer.
    private static void ownProbe(Local local, Address address, Flows flows) {
        Flows.Draft draft =
                flows.in(Stage.ANSWER, 110, local.name()).is(Field.SOURCE, local.ofport());
        if (address.v6()) {
            draft.icmp6(Icmp6.NEIGHBOUR_SOLICITATION).is(Field.ND_TARGET, address);
        } else {
            draft.arp().is(Field.ARP_TPA, address);
        }
        if (local.network().overlay()) {
            draft.drop();
        } else {
            draft.then(SWITCH);
        }
    }

    private static boolean leases(Local local, LogicalSubnet subnet, boolean v6) {
        return subnet.source().getEnableDhcp()
                && subnet.cidr().v6() == v6
                && local.port().addresses().stream().anyMatch(subnet.cidr()::contains);
    }

    // In a physical network without a router of ours, a physical one may advertise itself.
    private static boolean advertised(Segment segment, LogicalSubnet subnet) {
        return subnet.cidr().v6()
                && (segment.network().overlay()
                        || subnet.source().getEnableDhcp()
                        || segment.ends().stream()
                                .anyMatch(end -> end.subnetId().equals(subnet.id())));
    }

    private static Flows.Draft of(Local local, Flows flows) {
        return flows.in(Stage.ANSWER, 100, local.name()).is(Field.SOURCE, local.ofport());
    }

    private Flows.Draft in(LogicalNetwork network, int priority, String serves) {
        return flows.in(Stage.ANSWER, priority, serves)
                .is(Field.NETWORK, scene.key(network))
                .is(Field.ORIGIN, Origin.HERE);
    }

    private Flows.Draft solicits(LogicalNetwork network, int priority, String serves) {
        return in(network, priority, serves).icmp6(Icmp6.NEIGHBOUR_SOLICITATION);
    }

    private static List<Action> ask(Question question) {
        return List.of(set(Field.QUESTION, question), new Resubmit(Stage.ASK));
    }
}
