package io.hypervisor.network.compiler;

import static io.hypervisor.api.v1.SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS;
import static io.hypervisor.api.v1.SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS;
import static io.hypervisor.network.compiler.Topology.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.network.compiler.Trail.End;
import io.hypervisor.network.compiler.Trail.Verdict;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Packets through {@link Samples#everything}. */
class WalkTest {
    private static final Address OUTSIDE = Address.parse("198.51.100.7");
    private static final Mac UPSTREAM = Mac.parse("00:00:5e:00:01:01");

    private final Topology topology = Samples.everything();
    private final Walk walk = Walk.through(topology.compiled());

    private Mac mac(String port) {
        return Mac.parse(topology.ports.get(port).getPort().getMacAddress());
    }

    private Packet tcp(String from, String toMac, String source, String target, int port) {
        return Packet.tcp(
                mac(from), mac(toMac), Address.parse(source), Address.parse(target), 40000, port);
    }

    private static End only(Trail trail) {
        assertThat(trail.ends()).hasSize(1);
        return trail.ends().get(0);
    }

    @Test
    void sameNetworkOtherNode() {
        End end =
                only(
                        walk.fromPort(
                                "n1", "web-1", tcp("web-1", "web-2", "10.0.0.5", "10.0.0.6", 80)));
        assertThat(end.where()).isEqualTo("web-2");
        assertThat(end.nodeId()).isEqualTo("n2");
    }

    @Test
    void noRuleForThePort() {
        Trail trail =
                walk.fromPort("n1", "web-1", tcp("web-1", "web-2", "10.0.0.5", "10.0.0.6", 22));
        assertThat(trail.verdict()).isEqualTo(Verdict.DROPPED);
        assertThat(trail.reason())
                .isEqualTo("dropped in ingress: no ingress rule of the port allows it");
    }

    @Test
    void routedWhereItStarts() {
        Trail trail =
                walk.fromPort(
                        "n1", "web-1", tcp("web-1", "edge-sub-web", "10.0.0.5", "10.0.1.6", 5432));
        End end = only(trail);
        assertThat(end.where()).isEqualTo("db-2");
        assertThat(end.packet().get(Field.TTL).intValue()).isEqualTo(63);
        assertThat(end.packet().get(Field.ETH_SRC).longValue())
                .isEqualTo(mac("edge-sub-db").bits());
        assertThat(trail.hops())
                .anyMatch(
                        hop ->
                                hop.serves().equals("rule db-1 of group db")
                                        && hop.nodeId().equals("n2")
                                        && hop.stage() == Stage.INGRESS);
    }

    @Test
    void gatewayAnswersPingOnEveryNode() {
        for (String node : List.of("n1", "n2")) {
            String port = node.equals("n1") ? "db-1" : "db-2";
            Address own = Address.parse(topology.ports.get(port).getAddresses(0));
            Packet ping =
                    Packet.ping(mac(port), mac("edge-sub-db"), own, Address.parse("10.0.0.1"));
            End end = only(walk.fromPort(node, port, ping));
            assertThat(end.where()).isEqualTo(port);
            assertThat(end.nodeId()).isEqualTo(node);
            assertThat(end.packet().get(Field.TTL).intValue()).isEqualTo(64);
            assertThat(end.packet().get(Field.ICMP_TYPE).intValue()).isZero();
        }
    }

    @Test
    void lastHop() {
        Packet packet =
                tcp("web-1", "edge-sub-web", "10.0.0.5", "10.0.1.6", 5432).with(Field.TTL, 1);
        assertThat(walk.fromPort("n1", "web-1", packet).reason())
                .isEqualTo("dropped in router by packets at their last hop");
    }

    @Test
    void outThroughTheGatewayNodeAndBack() {
        learnUpstream();
        Packet packet =
                Packet.tcp(
                        mac("web-2"),
                        mac("edge-sub-web"),
                        Address.parse("10.0.0.6"),
                        OUTSIDE,
                        40000,
                        443);
        End left = only(walk.fromPort("n2", "web-2", packet));
        assertThat(left.verdict()).isEqualTo(Verdict.LEFT);
        assertThat(left.nodeId()).isEqualTo("n1");
        assertThat(left.packet().get(Field.IP_SRC)).isEqualTo(Address.parse("203.0.113.10").bits());
        assertThat(left.packet().get(Field.ETH_DST).longValue()).isEqualTo(UPSTREAM.bits());

        Packet reply =
                Packet.tcp(
                        UPSTREAM,
                        Mac.parse(topology.routers.get("edge").getGatewayMac()),
                        OUTSIDE,
                        Address.parse("203.0.113.10"),
                        443,
                        40000);
        End back = only(walk.fromOutside("wan", reply));
        assertThat(back.where()).isEqualTo("web-2");
        assertThat(back.packet().get(Field.IP_DST)).isEqualTo(Address.parse("10.0.0.6").bits());
    }

    @Test
    void floatingIpFromOutsideAndBack() {
        learnUpstream();
        Packet packet =
                Packet.tcp(
                        UPSTREAM,
                        Mac.parse(topology.floatingIps.get("fip-web").getMacAddress()),
                        OUTSIDE,
                        Address.parse("203.0.113.20"),
                        50000,
                        80);
        End in = only(walk.fromOutside("wan", packet));
        assertThat(in.where()).isEqualTo("web-1");
        assertThat(in.packet().get(Field.IP_SRC)).isEqualTo(OUTSIDE.bits());

        Packet reply =
                Packet.tcp(
                        mac("web-1"),
                        mac("edge-sub-web"),
                        Address.parse("10.0.0.5"),
                        OUTSIDE,
                        80,
                        50000);
        End out = only(walk.fromPort("n1", "web-1", reply));
        assertThat(out.verdict()).isEqualTo(Verdict.LEFT);
        assertThat(out.packet().get(Field.IP_SRC)).isEqualTo(Address.parse("203.0.113.20").bits());
    }

    @Test
    void floatingIpFromInside() {
        Packet packet =
                Packet.tcp(
                        mac("web-2"),
                        mac("edge-sub-web"),
                        Address.parse("10.0.0.6"),
                        Address.parse("203.0.113.20"),
                        40000,
                        80);
        End in = only(walk.fromPort("n2", "web-2", packet));
        assertThat(in.where()).isEqualTo("web-1");
        assertThat(in.packet().get(Field.IP_SRC)).isEqualTo(Address.parse("203.0.113.10").bits());

        Packet reply =
                Packet.tcp(
                        mac("web-1"),
                        mac("edge-sub-web"),
                        Address.parse("10.0.0.5"),
                        Address.parse("203.0.113.10"),
                        80,
                        40000);
        End back = only(walk.fromPort("n1", "web-1", reply));
        assertThat(back.where()).isEqualTo("web-2");
        assertThat(back.packet().get(Field.IP_SRC)).isEqualTo(Address.parse("203.0.113.20").bits());
    }

    @Test
    void floatingIpOfANodeWithoutThePhysicalNetwork() {
        Packet packet =
                Packet.ping(
                        UPSTREAM,
                        Mac.parse(topology.floatingIps.get("fip-db").getMacAddress()),
                        OUTSIDE,
                        Address.parse("203.0.113.21"));
        Topology open =
                topology.group(
                        "db", rule(SECURITY_RULE_DIRECTION_INGRESS, false, "icmp", 0, 0, ""));
        End in = only(Walk.through(open.compiled()).fromOutside("wan", packet));
        assertThat(in.where()).isEqualTo("db-2");
        assertThat(in.nodeId()).isEqualTo("n2");
    }

    @Test
    void unknownNextHopIsAskedFor() {
        Packet packet =
                Packet.tcp(
                        mac("web-1"),
                        mac("edge-sub-web"),
                        Address.parse("10.0.0.5"),
                        OUTSIDE,
                        40000,
                        443);
        Trail trail = walk.fromPort("n1", "web-1", packet);
        assertThat(trail.reason()).isEqualTo("it waits for the MAC address of a physical next hop");
    }

    @Test
    void establishedFlowDiesWithItsRule() {
        Packet there = tcp("web-1", "web-2", "10.0.0.5", "10.0.0.6", 80);
        Packet back =
                Packet.tcp(
                        mac("web-2"),
                        mac("web-1"),
                        Address.parse("10.0.0.6"),
                        Address.parse("10.0.0.5"),
                        80,
                        40000);
        walk.fromPort("n1", "web-1", there);
        assertThat(walk.fromPort("n2", "web-2", back).verdict()).isEqualTo(Verdict.DELIVERED);

        var group = topology.groups.get("web").toBuilder();
        topology.groups.put("web", group.removeRules(2).build());
        Walk later = walk.rewired(topology.compiled());
        assertThat(later.fromPort("n1", "web-1", there).verdict()).isEqualTo(Verdict.DROPPED);
        assertThat(later.fromPort("n2", "web-2", back).verdict()).isEqualTo(Verdict.DROPPED);

        Walk again = later.rewired(Samples.everything().compiled());
        assertThat(again.fromPort("n1", "web-1", there).verdict()).isEqualTo(Verdict.DELIVERED);
        assertThat(again.fromPort("n2", "web-2", back).verdict()).isEqualTo(Verdict.DELIVERED);
    }

    @Test
    void spoofedSource() {
        Packet packet = tcp("web-1", "web-2", "10.0.0.99", "10.0.0.6", 80);
        assertThat(walk.fromPort("n1", "web-1", packet).reason())
                .isEqualTo("dropped in port-security: the port may not send from this address");
    }

    @Test
    void arpIsAnsweredWhereItIsAsked() {
        Packet question =
                Packet.arpRequest(
                        mac("web-1"), Address.parse("10.0.0.5"), Address.parse("10.0.0.6"));
        End answer = only(walk.fromPort("n1", "web-1", question));
        assertThat(answer.verdict()).isEqualTo(Verdict.ANSWERED);
        assertThat(answer.packet().get(Field.ARP_SHA).longValue()).isEqualTo(mac("web-2").bits());
        assertThat(answer.packet().get(Field.ETH_DST).longValue()).isEqualTo(mac("web-1").bits());
    }

    @Test
    void vlanBetweenNodes() {
        End end =
                only(
                        walk.fromPort(
                                "n1", "lan-1", tcp("lan-1", "lan-2", "10.0.2.5", "10.0.2.6", 80)));
        assertThat(end.where()).isEqualTo("lan-2");
    }

    @Test
    void routedIntoAVlanItComesFromTheNode() {
        End end =
                only(
                        walk.fromPort(
                                "n1",
                                "web-1",
                                tcp("web-1", "edge-sub-web", "10.0.0.5", "10.0.2.6", 80)));
        assertThat(end.where()).isEqualTo("lan-2");
        assertThat(end.packet().get(Field.ETH_SRC).longValue()).isEqualTo(Mac.ofNode("n1").bits());
    }

    private void learnUpstream() {
        Packet question =
                Packet.arpRequest(
                        UPSTREAM, Address.parse("203.0.113.1"), Address.parse("203.0.113.10"));
        End answer =
                walk.fromOutside("wan", question).ends().stream()
                        .filter(end -> end.verdict() == Verdict.ANSWERED)
                        .findFirst()
                        .orElseThrow();
        assertThat(answer.nodeId()).isEqualTo("n1");
    }

    @Test
    void aFrameForAllReachesMoreThanOneFlowCanName() {
        Topology large =
                new Topology().overlay("net", 7).subnet("sub", "net", "10.0.0.0/16", "10.0.0.1");
        large.group("all", rule(SECURITY_RULE_DIRECTION_EGRESS, false, "any", 0, 0, ""));
        for (int i = 0; i < 110; i++) {
            large.node("n" + i);
            large.port("far-" + i, "n" + i, "net", List.of("all"), "10.0.8." + i);
            large.port("near-" + i, "n0", "net", List.of("all"), "10.0.9." + i);
        }
        Walk.Node node = large.compiled("n0");
        Mac own = Mac.parse(large.ports.get("near-0").getPort().getMacAddress());
        Packet frame =
                Packet.udp(
                        own,
                        Mac.parse("01:00:5e:00:00:09"),
                        Address.parse("10.0.9.0"),
                        Address.parse("224.0.0.9"),
                        520,
                        520);
        List<String> ends =
                Walk.through(large.compiled()).fromPort("n0", "near-0", frame).ends().stream()
                        .map(End::where)
                        .toList();
        assertThat(ends).containsAll(large.ports.keySet().stream().skip(2).toList());
        assertThat(ends).contains("far-0").doesNotContain("near-0");
        assertThat(node.table().flows()).allMatch(flow -> flow.actions().size() <= 300);
    }
}
