package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.containerd.NicPlan.Link;
import io.hypervisor.agent.driver.containerd.NicPlan.Place;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;

import org.junit.jupiter.api.Test;

import java.util.List;

class NicPlanTest {
    private static final String ID = "0190a0b0-0000-7000-8000-000000000001";
    private static final Nic FIRST =
            Nic.newBuilder()
                    .setPortId("0190b6d4-8c1e-7a51-9f3e-0242ac130001")
                    .setMacAddress("02:68:76:00:00:01")
                    .setMtu(1450)
                    .addAddresses("10.0.0.5/24")
                    .addAddresses("fd00::5/64")
                    .addGateways("10.0.0.1")
                    .addGateways("fd00::1")
                    .addDnsServers("10.0.0.1")
                    .build();
    private static final Nic SECOND =
            Nic.newBuilder()
                    .setPortId("0190b6d4-8c1e-7a51-9f3e-0242ac130002")
                    .setMacAddress("02:68:76:00:00:02")
                    .setDeviceName("web-b")
                    .addAddresses("10.1.0.5/24")
                    .addDnsServers("10.0.0.1")
                    .addDnsServers("10.1.0.1")
                    .build();
    private static final Place FRESH = new Place("hv-x", true, "hypervisor 1 x", "in", false);
    private static final Place THERE = new Place("hv-x", false, "hypervisor 1 x", "in", true);

    static Target target() {
        return new Target(
                ID,
                1,
                1,
                "web-1",
                false,
                InstanceSpec.newBuilder().setImage("demo/busybox").setCpuCores(1).build(),
                Metadata.getDefaultInstance(),
                List.of(FIRST, SECOND));
    }

    @Test
    void aNamespaceIsMadeWithAllInIt() {
        NicPlan plan = NicPlan.of(FRESH, List.of(), List.of(FIRST, SECOND));

        assertThat(String.join("\n", plan.outside()))
                .isEqualTo(
                        """
                        netns add hv-x
                        netns exec hv-x sysctl -q -w net.ipv6.conf.default.accept_ra=0
                        link add dev hv-0242ac130001 mtu 1450 type veth peer name eth0 address \
                        02:68:76:00:00:01 mtu 1450 netns hv-x
                        link set dev hv-0242ac130001 alias "hypervisor 1 x \
                        0190b6d4-8c1e-7a51-9f3e-0242ac130001" up
                        netns exec hv-x ethtool -K eth0 tx off
                        link add dev web-b type veth peer name eth1 address 02:68:76:00:00:02 \
                        netns hv-x
                        link set dev web-b alias "hypervisor 1 x \
                        0190b6d4-8c1e-7a51-9f3e-0242ac130002" up
                        netns exec hv-x ethtool -K eth1 tx off
                        netns exec hv-x ip -batch in\
                        """);
        assertThat(String.join("\n", plan.inside()))
                .isEqualTo(
                        """
                        link set dev lo alias "hypervisor 1 x" up
                        link set dev eth0 mtu 1450 up
                        address add 10.0.0.5/24 dev eth0
                        address add fd00::5/64 dev eth0 nodad
                        route replace default via 10.0.0.1 dev eth0 onlink metric 100
                        route replace default via fd00::1 dev eth0 onlink metric 100
                        link set dev eth1 up
                        address add 10.1.0.5/24 dev eth1\
                        """);
    }

    @Test
    void whatIsThereStaysAndTakesTheRest() {
        Link first = new Link("eth0", FIRST.getMacAddress(), List.of("10.0.0.5/24", "10.0.0.9/24"));
        NicPlan plan = NicPlan.of(THERE, List.of(first), List.of(SECOND, FIRST));

        assertThat(plan.outside())
                .containsExactly(
                        "netns exec hv-x sysctl -q -w net.ipv6.conf.default.accept_ra=0",
                        "link add dev web-b type veth peer name eth1 address 02:68:76:00:00:02"
                                + " netns hv-x",
                        "link set dev web-b alias \"hypervisor 1 x"
                                + " 0190b6d4-8c1e-7a51-9f3e-0242ac130002\" up",
                        "netns exec hv-x ip -batch in");
        assertThat(plan.inside())
                .containsSequence(
                        "link set dev eth0 mtu 1450 up",
                        "address delete 10.0.0.9/24 dev eth0",
                        "address add fd00::5/64 dev eth0 nodad",
                        "route replace default via 10.0.0.1 dev eth0 onlink metric 101");
    }

    @Test
    void whatIsNotWantedGoes() {
        Link first = new Link("eth0", FIRST.getMacAddress(), List.of());
        Link second = new Link("eth1", SECOND.getMacAddress(), List.of("10.1.0.5/24"));

        assertThat(NicPlan.of(THERE, List.of(first, second), List.of(SECOND)).inside())
                .containsExactly(
                        "link set dev lo alias \"hypervisor 1 x\" up",
                        "link delete dev eth0",
                        "link set dev eth1 up");
    }

    @Test
    void namesAreFoundByTheFiles() {
        assertThat(HostFiles.resolvConf(target()))
                .isEqualTo("nameserver 10.0.0.1\nnameserver 10.1.0.1\n");
        assertThat(HostFiles.hosts(target()))
                .isEqualTo(
                        """
                        127.0.0.1 localhost
                        ::1 localhost ip6-localhost ip6-loopback
                        10.0.0.5 web-1
                        fd00::5 web-1
                        10.1.0.5 web-1
                        """);
    }
}
