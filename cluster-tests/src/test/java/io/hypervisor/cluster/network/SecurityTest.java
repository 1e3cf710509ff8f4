package io.hypervisor.cluster.network;

import static io.hypervisor.cluster.network.Group.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.FieldMask;

import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.UpdatePortRequest;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;

/** What ports may send and receive. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class SecurityTest {
    private static final Duration SOON = Duration.ofSeconds(15);

    @Test
    void packetsFromAddressesThatAreNotThePortsAreDropped(NetworkCluster cluster) {
        try (Group open = Group.open(cluster);
                Lan lan = Lan.overlay(cluster, "10.10.0.0/24", "fd10::/64")) {
            Endpoint from = lan.endpoint(cluster.hosts.get(0), open.id());
            Endpoint near = lan.endpoint(cluster.hosts.get(0), open.id());
            Endpoint far = lan.endpoint(cluster.hosts.get(1), open.id());
            from.reaches(near.ip);
            from.reaches(far.ip);
            from.reaches(far.ip6);
            try (Capture nearby = new Capture(near.guest.namespace(), "eth0");
                    Capture faraway = new Capture(far.guest.namespace(), "eth0")) {
                from.guest.address("10.10.0.200/24");
                from.guest.address("fd10::200/64");
                for (Endpoint to : lan.endpoints().subList(1, 3)) {
                    assertThat(from.ping(to.ip, "-W", "1", "-I", "10.10.0.200")).isFalse();
                    assertThat(from.ping(to.ip6, "-W", "1", "-I", "fd10::200")).isFalse();
                }
                var _ =
                        from.guest.attempt(
                                "busybox",
                                "arping",
                                "-U",
                                "-c",
                                "2",
                                "-I",
                                "eth0",
                                "-s",
                                "10.10.0.200",
                                "10.10.0.200");
                far.doesNotReach("10.10.0.200");
                far.doesNotReach("fd10::200");

                from.guest.run("ip", "link", "set", "eth0", "address", "02:00:00:00:00:99");
                from.doesNotReach(near.ip);
                from.doesNotReach(far.ip);
                from.guest.run("ip", "link", "set", "eth0", "address", from.port.getMacAddress());
                from.reaches(near.ip);
                from.reaches(far.ip);
                for (Capture seen : new Capture[] {nearby, faraway}) {
                    seen.awaitLine(from.ip + " > ", "echo request");
                    assertThat(seen.text().replace("who-has 10.10.0.200 tell " + far.ip, ""))
                            .doesNotContain("10.10.0.200", "fd10::200 >");
                }
            }
        }
    }

    @Test
    void onlyWhatARuleAllowsComesIn(NetworkCluster cluster) {
        try (Group open = Group.create(cluster);
                Group shut = Group.create(cluster);
                Lan lan = Lan.overlay(cluster, "10.11.0.0/24", "fd11::/64")) {
            Endpoint client = lan.endpoint(cluster.hosts.get(0), open.id());
            Endpoint near = lan.endpoint(cluster.hosts.get(1), open.id());
            Endpoint server = lan.endpoint(cluster.hosts.get(1), shut.id());
            server.serve(80);
            server.serve(81);
            client.doesNotReach(server.ip);
            near.doesNotReach(server.ip);
            assertThat(client.tcp(server.ip, 80)).isFalse();
            assertThat(client.udp(server.ip6, 80)).isFalse();

            shut.allow(ingress("tcp").setPortRangeMin(80));
            client.reachesTcp(server.ip, 80);
            near.reachesTcp(server.ip, 80);
            assertThat(client.tcp(server.ip, 81)).isFalse();
            assertThat(near.tcp(server.ip, 81)).isFalse();
            assertThat(client.tcp(server.ip6, 80)).isFalse();
            assertThat(client.udp(server.ip, 80)).isFalse();
            client.doesNotReach(server.ip);

            shut.allow(
                    ingress("udp")
                            .setEtherType(EtherType.ETHER_TYPE_IPV6)
                            .setPortRangeMin(80)
                            .setPortRangeMax(90));
            client.reachesUdp(server.ip6, 81);
            assertThat(client.udp(server.ip, 81)).isFalse();

            String icmp = shut.allow(ingress("icmp"));
            client.reaches(server.ip);
            client.doesNotReach(server.ip6);
            shut.remove(icmp);
            await().atMost(SOON).until(() -> !client.pings(server.ip));
        }
    }

    @Test
    void rulesByPrefixAndByGroup(NetworkCluster cluster) {
        try (Group clients = Group.create(cluster);
                Group servers = Group.create(cluster);
                Lan lan = Lan.overlay(cluster, "10.12.0.0/24", "fd12::/64")) {
            Endpoint one = lan.endpoint(cluster.hosts.get(0), clients.id());
            Endpoint two = lan.endpoint(cluster.hosts.get(2));
            Endpoint server = lan.endpoint(cluster.hosts.get(1), servers.id());
            server.serve(80);
            String byPrefix = servers.allow(ingress("tcp").setRemoteIpPrefix(two.ip + "/32"));
            two.reachesTcp(server.ip, 80);
            assertThat(one.tcp(server.ip, 80)).isFalse();
            servers.remove(byPrefix);
            await().atMost(SOON).until(() -> !two.tcp(server.ip, 80));

            String byGroup = servers.allow(ingress("tcp").setRemoteGroupId(clients.id()));
            String byGroup6 =
                    servers.allow(
                            ingress("tcp")
                                    .setEtherType(EtherType.ETHER_TYPE_IPV6)
                                    .setRemoteGroupId(clients.id()));
            one.reachesTcp(server.ip, 80);
            one.reachesTcp(server.ip6, 80);
            assertThat(two.tcp(server.ip, 80)).isFalse();
            // Membership alone changes who may.
            cluster.network()
                    .updatePort(
                            UpdatePortRequest.newBuilder()
                                    .setPort(
                                            Port.newBuilder()
                                                    .setId(two.port.getId())
                                                    .addSecurityGroups(clients.id()))
                                    .setUpdateMask(
                                            FieldMask.newBuilder().addPaths("security_groups"))
                                    .build());
            two.reachesTcp(server.ip, 80);
            two.reachesTcp(server.ip6, 80);
            servers.remove(byGroup);
            servers.remove(byGroup6);
            await().atMost(SOON).until(() -> !one.tcp(server.ip, 80));
        }
    }

    @Test
    void anEstablishedFlowEndsWithItsRule(NetworkCluster cluster) {
        try (Group open = Group.create(cluster);
                Group shut = Group.create(cluster);
                Lan lan = Lan.overlay(cluster, "10.13.0.0/24", "fd13::/64")) {
            Endpoint client = lan.endpoint(cluster.hosts.get(0), open.id());
            Endpoint server = lan.endpoint(cluster.hosts.get(1), shut.id());
            server.serve(80);
            server.serve(81);
            String rule = shut.allow(ingress("tcp").setPortRangeMin(80));
            shut.allow(ingress("tcp").setPortRangeMin(81));
            client.reachesTcp(server.ip, 80);
            client.reachesTcp(server.ip, 81);
            try (Ticking ends = Ticking.start(client, server.ip, 80);
                    Ticking stays = Ticking.start(client, server.ip, 81)) {
                ends.awaitMore();
                stays.awaitMore();
                shut.remove(rule);
                ends.awaitNoMore();
                stays.awaitMore();
                // With the rule it goes on where it stopped.
                shut.allow(ingress("tcp").setPortRangeMin(80));
                ends.awaitMore();
            }
        }
    }

    @Test
    void segmentsOfNoConnectionComeInLikeFirstOnes(NetworkCluster cluster) {
        try (Group open = Group.create(cluster);
                Group shut = Group.create(cluster);
                Lan lan = Lan.overlay(cluster, "10.15.0.0/24", "fd15::/64")) {
            Endpoint client = lan.endpoint(cluster.hosts.get(0), open.id());
            Endpoint server = lan.endpoint(cluster.hosts.get(1), shut.id());
            String rule = shut.allow(ingress("tcp").setPortRangeMin(80));
            try (Capture seen = new Capture(server.guest.namespace(), "eth0", "tcp")) {
                await().atMost(SOON)
                        .until(
                                () -> {
                                    Segments.send(client, server, 80, Segments.SYN);
                                    return seen.has(".999 > " + server.ip + ".80", "[S]");
                                });
                // An answer that nobody asked for, and the middle of nothing.
                Segments.send(client, server, 81, Segments.SYN | Segments.ACK);
                Segments.send(client, server, 81, Segments.ACK);
                // A flow of which the first segment passed has no other right than its rule's.
                shut.remove(rule);
                shut.allow(ingress("tcp").setPortRangeMin(82));
                await().atMost(SOON)
                        .until(
                                () -> {
                                    Segments.send(client, server, 82, Segments.SYN);
                                    return seen.has(".999 > " + server.ip + ".82", "[S]");
                                });
                Segments.send(client, server, 80, Segments.ACK);
                Segments.send(client, server, 82, Segments.ACK);
                seen.awaitLine(".999 > " + server.ip + ".82", "[.]");
                assertThat(seen.has(".999 > " + server.ip + ".81")).isFalse();
                assertThat(seen.has(".999 > " + server.ip + ".80", "[.]")).isFalse();
            }
        }
    }

    @Test
    void aGroupWithoutEgressSendsNothing(NetworkCluster cluster) {
        try (Group mute = Group.create(cluster);
                Group open = Group.open(cluster);
                Lan lan = Lan.overlay(cluster, "10.14.0.0/24", "fd14::/64")) {
            mute.group().getRulesList().forEach(rule -> mute.remove(rule.getId()));
            mute.allow(ingress("icmp"));
            Endpoint from = lan.endpoint(cluster.hosts.get(0), mute.id());
            Endpoint to = lan.endpoint(cluster.hosts.get(1), open.id());
            // Replies pass: whoever may open the flow gets its answers.
            to.reaches(from.ip);
            from.doesNotReach(to.ip);
            from.doesNotReach(to.ip6);
        }
    }
}
