package io.hypervisor.cluster.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;

/** A guest that configures itself by stock programs. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class DhcpAndDnsTest {
    private static final Duration SOON = Duration.ofSeconds(15);

    @Test
    void aStockClientGetsAllThatItNeeds(NetworkCluster cluster) {
        try (Lan lan =
                Lan.create(
                        cluster,
                        CreateNetworkRequest.newBuilder().setMtu(1400),
                        "10.30.0.0/24",
                        "fd30::/64")) {
            for (NetworkHost host : cluster.hosts.subList(0, 2)) {
                Endpoint endpoint = lan.bare(host, named("vm-" + host.name));
                String lease = endpoint.guest.dhcp();
                assertThat(lease)
                        .contains(
                                "ip=" + endpoint.ip + " mask=24 router=10.30.0.1 dns=10.30.0.1",
                                "mtu=1400 domain=hv.internal",
                                "host=vm-" + host.name);
            }
            Endpoint one = lan.endpoints().getFirst();
            Endpoint two = lan.endpoints().getLast();
            one.reaches(two.ip);
            two.reaches(one.ip);
            one.reachesWith(two.ip, 1400 - 28);
        }
    }

    @Test
    void nobodyGetsAnAddressWhereDhcpIsOff(NetworkCluster cluster) {
        try (Lan lan = Lan.withoutDhcp(cluster, "10.31.0.0/24", "fd31::/64")) {
            Endpoint endpoint = lan.bare(cluster.hosts.get(0), CreatePortRequest.newBuilder());
            assertThat(
                            endpoint.guest
                                    .attempt(
                                            "busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s /bin/true"
                                                    .split(" "))
                                    .ok())
                    .isFalse();
        }
    }

    @Test
    void namesOfTheNetworkResolveAndThoseOfOthersDoNot(NetworkCluster cluster) {
        try (Lan lan = Lan.overlay(cluster, "10.32.0.0/24", "fd32::/64");
                Lan other = Lan.overlay(cluster, "10.33.0.0/24", "fd33::/64")) {
            Endpoint web = lan.bare(cluster.hosts.get(0), named("web"));
            Endpoint client = lan.bare(cluster.hosts.get(1), named("client"));
            Endpoint stranger = other.bare(cluster.hosts.get(1), named("stranger"));
            web.configure();
            client.configure();
            stranger.configure();
            awaitName(client, "web", "10.32.0.1", web.ip, web.ip6);
            awaitName(client, "web.hv.internal", "fd32::1", web.ip, web.ip6);
            awaitName(web, "client", "10.32.0.1", client.ip, client.ip6);
            // By address, too.
            assertThat(lookup(client, web.ip, "10.32.0.1")).contains("name = web.hv.internal");
            assertThat(lookup(client, "stranger", "10.32.0.1")).doesNotContain(stranger.ip);
            assertThat(lookup(stranger, "web", "10.33.0.1")).doesNotContain(web.ip, web.ip6);
        }
    }

    @Test
    void routersAreFoundByTheirAdvertisements(NetworkCluster cluster) {
        try (Lan lan = Lan.overlay(cluster, "10.34.0.0/24", "fd34::/64");
                Routed routed = Routed.between(cluster).join(lan.v6)) {
            Endpoint endpoint = lan.bare(cluster.hosts.get(2), CreatePortRequest.newBuilder());
            await().atMost(SOON)
                    .until(
                            () ->
                                    endpoint.guest
                                            .run("ip", "-6", "route", "show", "default")
                                            .contains("proto ra"));
            assertThat(routed.router.getId()).isNotEmpty();
            // Nobody makes up an address that is not the port's.
            assertThat(endpoint.guest.run("ip", "-6", "address", "show", "dev", "eth0"))
                    .doesNotContain("fd34:");
        }
    }

    private static CreatePortRequest.Builder named(String name) {
        return CreatePortRequest.newBuilder().setName(name);
    }

    private static void awaitName(
            Endpoint client, String name, String server, String... addresses) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(lookup(client, name, server)).contains(addresses));
    }

    private static String lookup(Endpoint client, String name, String server) {
        return client.guest.attempt("busybox", "nslookup", name, server).output();
    }
}
