package io.hypervisor.cluster.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;

/** What dies and comes back, while packets are counted. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class RestartTest {
    private static final Duration SOON = Duration.ofSeconds(30);

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
}
