package io.hypervisor.cluster.network;

import static io.hypervisor.cluster.network.Group.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.api.v1.TracePacketResponse;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;
import java.util.List;

/** What dies and comes back: who may talk talks on, and nobody else. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class RestartTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration LOST = Duration.ofSeconds(60);

    @Test
    void noPacketIsLostWhileAgentsAndControllerStartAgain(NetworkCluster cluster) {
        try (Lan one = Lan.overlay(cluster, "10.40.0.0/24", "fd40::/64");
                Lan two = Lan.overlay(cluster, "10.41.0.0/24", "fd41::/64");
                Routed routed = Routed.between(cluster).join(one.v4, two.v4)) {
            NetworkHost host = cluster.hosts.get(0);
            Endpoint from = one.endpoint(host);
            Endpoint near = two.endpoint(host);
            Endpoint far = one.endpoint(cluster.hosts.get(1));
            Endpoint routedFar = two.endpoint(cluster.hosts.get(1));
            far.serve(80);
            from.reachesTcp(far.ip, 80);
            from.reaches(routedFar.ip);
            from.reaches(near.ip);
            assertThat(routed.router.getDistributed()).isTrue();
            try (Pinging switched = Pinging.start(from, far.ip);
                    Pinging routing = Pinging.start(from, routedFar.ip);
                    Pinging nearby = Pinging.start(from, near.ip);
                    Ticking ticking = Ticking.start(from, far.ip, 80)) {
                ticking.awaitMore();
                for (NetworkHost restarted : cluster.hosts.subList(0, 2)) {
                    restarted.killAgent();
                    long passes = restarted.flowsLive();
                    restarted.startAgent();
                    await().atMost(SOON).until(() -> restarted.flowsLive() > passes);
                }
                cluster.killController();
                cluster.startController();
                cluster.awaitReady();
                // What is new is taken in.
                Endpoint late = one.endpoint(cluster.hosts.get(2));
                from.reaches(late.ip);
                ticking.awaitMore();
                for (Pinging pinging : new Pinging[] {switched, routing, nearby}) {
                    pinging.awaitMore();
                    assertThat(pinging.lost()).isEmpty();
                }
            }
        }
    }

    @Test
    void aSwitchThatStartsAgainIsWhatItWas(NetworkCluster cluster) {
        try (Group shut = Group.create(cluster);
                Lan lan = Lan.overlay(cluster, "10.42.0.0/24", "fd42::/64")) {
            NetworkHost host = cluster.hosts.get(1);
            Endpoint client = lan.endpoint(cluster.hosts.get(0), shut.id());
            Endpoint server = lan.endpoint(host, shut.id());
            server.serve(80);
            server.serve(81);
            shut.allow(ingress("tcp").setPortRangeMin(80));
            client.reachesTcp(server.ip, 80);
            assertThat(client.tcp(server.ip, 81)).isFalse();
            List<String> before = compiled(host);
            host.restartSwitch();
            client.reachesTcp(server.ip, 80);
            assertThat(client.tcp(server.ip, 81)).isFalse();
            await().atMost(SOON)
                    .untilAsserted(
                            () ->
                                    assertThat(compiled(host))
                                            .containsExactlyInAnyOrderElementsOf(before));

            // In user space nothing passes without the database; what was open goes on after it.
            try (Ticking ticking = Ticking.start(client, server.ip, 80)) {
                ticking.awaitMore();
                host.vswitch.killOvsdb();
                host.vswitch.startOvsdb();
                ticking.awaitMore();
            }
            shut.allow(ingress("tcp").setPortRangeMin(81));
            client.reachesTcp(server.ip, 81);
        }
    }

    @Test
    void anotherNodeAnswersForTheGatewayOfOneThatDies(NetworkCluster cluster) {
        try (Outside outside = new Outside(cluster);
                Lan lan = Lan.overlay(cluster, "10.43.0.0/24", "fd43::/64");
                Routed routed = new Routed(cluster, outside.router(true)).join(lan.v4)) {
            Endpoint first = lan.endpoint(cluster.hosts.get(0));
            NetworkHost dying = gateway(cluster, first);
            Endpoint from = first.host == dying ? lan.endpoint(cluster.hosts.get(1)) : first;
            from.reaches(Fabric.OUTSIDE);
            dying.die();
            try (Capture seen = outside.capture("icmp")) {
                await().atMost(LOST).until(() -> from.pings(Fabric.OUTSIDE));
                seen.awaitLine(Outside.address(routed, false) + " > " + Fabric.OUTSIDE);
                assertThat(gateway(cluster, from)).isNotSameAs(dying);
            } finally {
                dying.boot();
            }
            cluster.awaitReady(dying);
            from.reaches(Fabric.OUTSIDE);
        }
    }

    /** The host where packets of a port to the outside leave. */
    private static NetworkHost gateway(NetworkCluster cluster, Endpoint from) {
        TracePacketResponse trace =
                cluster.network()
                        .tracePacket(
                                TracePacketRequest.newBuilder()
                                        .setPortId(from.port.getId())
                                        .setDestination(Fabric.OUTSIDE)
                                        .build());
        String node = trace.getHopsList().getLast().getNodeId();
        return cluster.hosts.stream()
                .filter(host -> cluster.nodeId(host).equals(node))
                .findFirst()
                .orElseThrow();
    }

    /** The switch's flows but for those that it learns itself. */
    private static List<String> compiled(NetworkHost host) {
        return host.vswitch.flows("br-int").stream()
                .filter(flow -> !flow.contains("table=56,"))
                .toList();
    }
}
