package io.hypervisor.cluster.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.RateLimit;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;

/** Networks between hosts: what reaches whom, and how it looks on the wire. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class OverlayTest {
    @Test
    void guestsOfOneNetworkReachEachOtherOnAllHosts(NetworkCluster cluster) {
        try (Lan lan = Lan.overlay(cluster, "10.1.0.0/24", "fd01::/64")) {
            List<Endpoint> all = cluster.hosts.stream().map(host -> lan.endpoint(host)).toList();
            for (Endpoint from : all) {
                for (Endpoint to : all) {
                    from.reaches(to.ip);
                    from.reaches(to.ip6);
                }
            }
            Endpoint server = all.get(0);
            server.serve(80);
            for (Endpoint client : all.subList(1, 3)) {
                client.reachesTcp(server.ip, 80);
                client.reachesTcp(server.ip6, 80);
                client.reachesUdp(server.ip, 80);
                client.reachesUdp(server.ip6, 80);
            }
            assertThat(all.get(1).echoed(server.ip, 80, 2_000_000)).isEqualTo(2_000_000);
            assertThat(all.get(1).echoed(server.ip6, 80, 2_000_000)).isEqualTo(2_000_000);
        }
    }

    @Test
    void networksAreApartAlsoWithTheSameAddresses(NetworkCluster cluster) {
        CreateNetworkRequest.Builder foreign =
                CreateNetworkRequest.newBuilder().setTenantId("other");
        try (Lan one = Lan.overlay(cluster, "10.1.0.0/24", "fd01::/64");
                Lan other = Lan.overlay(cluster, "10.1.0.0/24", "fd01::/64");
                Lan tenants = Lan.create(cluster, foreign, "10.1.0.0/24", "fd01::/64")) {
            Endpoint first = one.endpoint(cluster.hosts.get(0));
            Endpoint peer = one.endpoint(cluster.hosts.get(1));
            Endpoint extra = one.endpoint(cluster.hosts.get(1));
            first.reaches(peer.ip);
            first.reaches(extra.ip);
            first.reaches(extra.ip6);
            for (Lan apart : List.of(other, tenants)) {
                Endpoint twin = apart.endpoint(cluster.hosts.get(0));
                Endpoint twinPeer = apart.endpoint(cluster.hosts.get(1));
                assertThat(List.of(twin.ip, twinPeer.ip)).containsExactly(first.ip, peer.ip);
                twin.reaches(twinPeer.ip);
                twin.doesNotReach(extra.ip);
                twin.doesNotReach(extra.ip6);
            }
        }
    }

    @Test
    void theTunnelCarriesTheWholeVni(NetworkCluster cluster) {
        int vni = 0xABCDEF;
        CreateNetworkRequest.Builder request = CreateNetworkRequest.newBuilder().setVni(vni);
        try (Lan lan = Lan.create(cluster, request, "10.2.0.0/24", "fd02::/64")) {
            Endpoint from = lan.endpoint(cluster.hosts.get(0));
            Endpoint to = lan.endpoint(cluster.hosts.get(1));
            try (Capture underlay = cluster.fabric.captureUnderlay("udp", "port", "4789")) {
                from.reaches(to.ip);
                // VXLAN's line names the network, the next one the packet within.
                underlay.awaitLine("VXLAN", "vni " + vni);
                underlay.awaitLine("IP " + from.ip + " > " + to.ip);
            }
        }
    }

    @Test
    void largePacketsPassUpToTheNetworksMtu(NetworkCluster cluster) {
        CreateNetworkRequest.Builder jumbo = CreateNetworkRequest.newBuilder().setMtu(9000);
        try (Lan lan = Lan.create(cluster, jumbo, "10.3.0.0/24", "fd03::/64");
                Lan small = Lan.overlay(cluster, "10.4.0.0/24", "fd04::/64")) {
            Endpoint from = lan.endpoint(cluster.hosts.get(0));
            Endpoint to = lan.endpoint(cluster.hosts.get(1));
            from.reachesWith(to.ip, 1400);
            // 9,000 bytes less the headers of IP and ICMP.
            from.reachesWith(to.ip, 8972);
            from.reachesWith(to.ip6, 8952);

            Endpoint cutting = small.endpoint(cluster.hosts.get(0));
            Endpoint joining = small.endpoint(cluster.hosts.get(1));
            cutting.reachesWith(joining.ip, 1400);
            cutting.reachesWith(joining.ip6, 1400);
            assertThat(cutting.ping(joining.ip, "-M", "do", "-s", "1500")).isFalse();
            // In pieces.
            cutting.reachesInPieces(joining.ip, 9000);
            cutting.reachesInPieces(joining.ip6, 9000);
        }
    }

    @Test
    void aVlanIsTheTaggedPhysicalNetwork(NetworkCluster cluster) {
        CreateNetworkRequest.Builder vlan =
                CreateNetworkRequest.newBuilder()
                        .setType(NetworkType.NETWORK_TYPE_VLAN)
                        .setVlanId(Fabric.VLAN);
        try (Lan lan = Lan.create(cluster, vlan, Fabric.VLAN_CIDR, Fabric.VLAN6_CIDR)) {
            Endpoint one = lan.endpoint(cluster.hosts.get(0));
            Endpoint two = lan.endpoint(cluster.hosts.get(1));
            one.reaches(two.ip);
            one.reaches(two.ip6);
            one.reaches(Fabric.VLAN_OUTSIDE);
            two.reaches(Fabric.VLAN_OUTSIDE6);
            // Of the group "default": who is out there is not in it.
            assertThat(cluster.fabric.tagged().attempt("ping", "-c1", "-W1", one.ip).ok())
                    .isFalse();
        }
    }

    @Test
    void aFlatNetworkIsTheUntaggedOne(NetworkCluster cluster) {
        CreateNetworkRequest.Builder flat =
                CreateNetworkRequest.newBuilder().setType(NetworkType.NETWORK_TYPE_FLAT);
        try (Lan lan = Lan.create(cluster, flat, Fabric.OUTSIDE_CIDR, Fabric.OUTSIDE6_CIDR)) {
            Endpoint one = lan.endpoint(cluster.hosts.get(0));
            Endpoint two = lan.endpoint(cluster.hosts.get(2));
            one.reaches(two.ip);
            one.reaches(Fabric.OUTSIDE);
            two.reaches(Fabric.OUTSIDE6);
            one.doesNotReach(Fabric.VLAN_OUTSIDE);
        }
    }

    @Test
    void aPortSendsNoFasterThanItMay(NetworkCluster cluster) {
        try (Lan lan = Lan.overlay(cluster, "10.5.0.0/24", "fd05::/64")) {
            Endpoint slow =
                    lan.bare(
                            cluster.hosts.get(0),
                            CreatePortRequest.newBuilder()
                                    .setRateLimit(RateLimit.newBuilder().setEgressBps(1_000_000)));
            slow.configure();
            Endpoint server = lan.endpoint(cluster.hosts.get(1));
            Endpoint fast = lan.endpoint(cluster.hosts.get(0));
            slow.reaches(server.ip);
            fast.reaches(server.ip);
            int sent = 4_000_000;
            Endpoint.Received slowly = server.receives(slow, sent);
            // A tenth of a second's worth may pass at once, and 600 kbit at least.
            double most = 600_000 + slowly.seconds() * 1_000_000;
            assertThat(slowly.bytes() * 8.0).isPositive().isLessThan(1.2 * most);
            assertThat(server.receives(fast, sent).bytes()).isGreaterThan(slowly.bytes());
        }
    }
}
