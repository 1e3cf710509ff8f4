package io.hypervisor.cluster.network;

import static io.hypervisor.cluster.network.Group.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.AwaitNetworkRequest;
import io.hypervisor.api.v1.AwaitNetworkResponse;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A write that was waited for holds for the next packet; who has not applied it is named. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class AwaitNetworkTest {
    private static final Duration LOST = Duration.ofSeconds(60);

    @Test
    void whatWasWaitedForHoldsForTheNextPacket(NetworkCluster cluster) {
        try (Group group = Group.create(cluster);
                Lan lan = Lan.overlay(cluster, "10.60.0.0/24", "fd60::/64")) {
            Endpoint client = lan.endpoint(cluster.hosts.get(0), group.id());
            Endpoint server = lan.endpoint(cluster.hosts.get(1), group.id());
            server.serve(80);
            server.serve(81);

            String removed = group.allow(ingress("tcp").setPortRangeMin(81));
            awaitLive(cluster, group);
            group.remove(removed);
            group.allow(ingress("tcp").setPortRangeMin(80));
            awaitLive(cluster, group);

            assertThat(client.tcp(server.ip, 80)).isTrue();
            assertThat(client.tcp(server.ip, 81)).isFalse();
        }
    }

    @Test
    void aNodeThatHasNotAppliedItIsNamed(NetworkCluster cluster) {
        NetworkHost host = cluster.hosts.get(2);
        try (Group group = Group.create(cluster);
                Lan lan = Lan.overlay(cluster, "10.61.0.0/24", "fd61::/64")) {
            lan.endpoint(cluster.hosts.get(0), group.id());
            lan.endpoint(host, group.id());
            String behind = cluster.nodeId(host);
            host.pauseAgent();
            try {
                group.allow(ingress("tcp").setPortRangeMin(80));
                AwaitNetworkResponse answer = answer(cluster, group, 2);
                // On a machine slow enough it is out of touch by now.
                assertThat(answer.getPendingNodeIdsCount() + answer.getUnreachableNodeIdsCount())
                        .isEqualTo(1);
                await().atMost(LOST)
                        .untilAsserted(
                                () -> {
                                    AwaitNetworkResponse now = answer(cluster, group, 2);
                                    assertThat(now.getPendingNodeIdsList()).isEmpty();
                                    assertThat(now.getUnreachableNodeIdsList())
                                            .containsExactly(behind);
                                });
            } finally {
                host.resumeAgent();
            }
            cluster.awaitReady(host);
            awaitLive(cluster, group);
        }
    }

    private static void awaitLive(NetworkCluster cluster, Group group) {
        assertThat(answer(cluster, group, 30)).isEqualTo(AwaitNetworkResponse.getDefaultInstance());
    }

    private static AwaitNetworkResponse answer(NetworkCluster cluster, Group group, int seconds) {
        return cluster.network()
                .withDeadlineAfter(seconds, TimeUnit.SECONDS)
                .awaitNetwork(
                        AwaitNetworkRequest.newBuilder().setRevision(group.revision()).build());
    }
}
