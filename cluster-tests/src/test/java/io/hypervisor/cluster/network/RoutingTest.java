package io.hypervisor.cluster.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.FloatingIP;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;

/** Between networks, and out of the cluster. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class RoutingTest {
    private static final Duration SOON = Duration.ofSeconds(15);

    @Test
    void aRouterJoinsSubnetsOnTheNodeWhereThePacketStarts(NetworkCluster cluster) {
        try (Lan one = Lan.overlay(cluster, "10.20.0.0/24", "fd20::/64");
                Lan two = Lan.overlay(cluster, "10.21.0.0/24", "fd21::/64")) {
            Endpoint from = one.endpoint(cluster.hosts.get(0));
            Endpoint near = two.endpoint(cluster.hosts.get(0));
            Endpoint far = two.endpoint(cluster.hosts.get(1));
            from.doesNotReach(far.ip);
            try (Routed routed = Routed.between(cluster).join(one.v4, two.v4, one.v6, two.v6)) {
                from.reaches(far.ip);
                from.reaches(far.ip6);
                try (Capture underlay = cluster.fabric.captureUnderlay("udp", "port", "4789")) {
                    from.reaches(near.ip);
                    from.reaches(near.ip6);
                    // Both gateways answer here, whatever the node.
                    from.reaches(one.v4.getGatewayIp());
                    from.reaches(two.v4.getGatewayIp());
                    from.reaches(one.v6.getGatewayIp());
                    far.reaches(two.v4.getGatewayIp());
                    assertThat(underlay.text()).doesNotContain("IP " + from.ip, "IP6 " + from.ip6);
                    from.reaches(far.ip);
                    // What is routed travels in the network that it goes to.
                    underlay.awaitLine("vni " + two.network.getVni());
                }
                // One hop: 64 less one.
                assertThat(from.guest.run("ping", "-n", "-c", "1", "-W", "5", far.ip))
                        .contains("ttl=63");
                assertThat(from.guest.run("ping", "-n", "-c", "1", "-W", "5", far.ip6))
                        .contains("ttl=63");
                assertThat(from.guest.attempt("ping", "-t", "1", "-c", "1", "-W", "1", far.ip).ok())
                        .isFalse();
                routed.adminState(false);
                await().atMost(SOON).until(() -> !from.pings(far.ip));
                routed.adminState(true);
                from.reaches(far.ip);
            }
            await().atMost(SOON).until(() -> !from.pings(far.ip));
        }
    }

    @Test
    void extraRoutesLeadThroughAnInstance(NetworkCluster cluster) {
        try (Lan one = Lan.overlay(cluster, "10.22.0.0/24", "fd22::/64");
                Lan two = Lan.overlay(cluster, "10.23.0.0/24", "fd23::/64")) {
            Endpoint from = one.endpoint(cluster.hosts.get(0));
            Endpoint gate = two.endpoint(cluster.hosts.get(1));
            try (Routed routed = Routed.between(cluster).join(one.v4, two.v4);
                    Capture seen = new Capture(gate.guest.namespace(), "eth0", "icmp")) {
                from.reaches(gate.ip);
                gate.guest.address("172.30.0.1/32");
                from.doesNotReach("172.30.0.1");
                assertThat(seen.text()).doesNotContain("172.30.0.1");
                routed.route("172.30.0.0/16", gate.ip);
                // It arrives, although the answer from a foreign address may not leave.
                await().atMost(SOON)
                        .until(
                                () -> {
                                    assertThat(from.pings("172.30.0.1")).isFalse();
                                    return seen.has("> 172.30.0.1: ICMP echo request");
                                });
            }
        }
    }

    @Test
    void instancesReachTheOutsideUnderTheRoutersAddress(NetworkCluster cluster) {
        try (Outside outside = new Outside(cluster);
                Lan lan = Lan.overlay(cluster, "10.24.0.0/24", "fd24::/64");
                Routed routed = new Routed(cluster, outside.router(true)).join(lan.v4, lan.v6)) {
            String address = Outside.address(routed, false);
            // IPv6 is not translated: the outside has to know the way.
            outside.route(lan.v6.getCidr(), Outside.address(routed, true));
            for (NetworkHost host : cluster.hosts) {
                Endpoint from = lan.endpoint(host);
                try (Capture seen = outside.capture("icmp", "or", "icmp6")) {
                    from.reaches(Fabric.OUTSIDE);
                    seen.awaitLine(address + " > " + Fabric.OUTSIDE, "echo request");
                    assertThat(seen.text()).doesNotContain(from.ip + " ");
                    from.reaches(Fabric.OUTSIDE6);
                    seen.awaitLine(from.ip6 + " > " + Fabric.OUTSIDE6, "echo request");
                }
            }
            // Nobody out there opens a flow to an instance without a floating IP.
            assertThat(outside.pings(lan.endpoints().getFirst().ip6)).isFalse();
        }
    }

    @Test
    void withoutTranslationInstancesHaveTheirOwnAddressesOutside(NetworkCluster cluster) {
        try (Outside outside = new Outside(cluster);
                Group open = Group.open(cluster);
                Lan lan = Lan.overlay(cluster, "10.26.0.0/24", "fd26::/64");
                Routed routed = new Routed(cluster, outside.router(false)).join(lan.v4)) {
            outside.route(lan.v4.getCidr(), Outside.address(routed, false));
            for (NetworkHost host : cluster.hosts.subList(0, 2)) {
                Endpoint from = lan.endpoint(host, open.id());
                try (Capture seen = outside.capture("icmp")) {
                    from.reaches(Fabric.OUTSIDE);
                    seen.awaitLine(from.ip + " > " + Fabric.OUTSIDE, "echo request");
                }
                await().atMost(SOON).until(() -> outside.pings(from.ip));
            }
        }
    }

    @Test
    void aFloatingIpLeadsToItsInstanceAndMoves(NetworkCluster cluster) {
        try (Outside outside = new Outside(cluster);
                Group open = Group.open(cluster);
                Lan lan = Lan.overlay(cluster, "10.25.0.0/24", "fd25::/64");
                Routed routed = new Routed(cluster, outside.router(true)).join(lan.v4)) {
            Endpoint one = lan.endpoint(cluster.hosts.get(0), open.id());
            Endpoint two = lan.endpoint(cluster.hosts.get(1), open.id());
            one.serve(80);
            FloatingIP floating = outside.floatingIp();
            String address = floating.getFloatingIp();
            assertThat(outside.pings(address)).isFalse();
            outside.associate(floating, one);
            await().atMost(SOON).until(() -> outside.pings(address));
            // Under its own address, also outwards, and from within the cluster.
            try (Capture seen = outside.capture("icmp")) {
                one.reaches(Fabric.OUTSIDE);
                seen.awaitLine(address + " > " + Fabric.OUTSIDE, "echo request");
                two.reaches(Fabric.OUTSIDE);
                seen.awaitLine(Outside.address(routed, false) + " > " + Fabric.OUTSIDE);
            }
            two.reachesTcp(address, 80);

            outside.associate(floating, two);
            await().atMost(SOON).until(() -> outside.pings(address));
            await().atMost(SOON).until(() -> !two.tcp(address, 80));
            outside.disassociate(floating);
            await().atMost(SOON).until(() -> !outside.pings(address));
            outside.delete(floating);
        }
    }
}
