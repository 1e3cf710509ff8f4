package io.hypervisor.network.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.core.VirtualTasks;
import io.hypervisor.network.compiler.Compilation;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.NodeView;
import io.hypervisor.network.ovs.Attachment;
import io.hypervisor.network.ovs.PacketIn;
import io.hypervisor.network.ovs.Switch;
import io.hypervisor.network.ovs.SwitchConfig;
import io.hypervisor.network.ovs.SwitchException;
import io.hypervisor.network.testing.Guest;
import io.hypervisor.network.testing.SmallNetwork;
import io.hypervisor.network.testing.TestSwitch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Stock clients in guests, compiled flows in a real switch. */
@Tag("real")
class GuestServicesTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int WEB = 5;
    private static final int DB = 6;

    private final TestSwitch real = TestSwitch.start();
    private final VirtualTasks tasks = new VirtualTasks();
    private Switch node;
    private GuestServices services;
    private Guest web;
    private Guest db;

    @BeforeEach
    void start() throws IOException {
        SwitchConfig config =
                new SwitchConfig(real.socket(), "br-int", "netdev", "", 4789, Map.of());
        node = new Switch(config, tasks, this::received, () -> {});
        Path resolvConf = Files.writeString(real.folder().resolve("resolv.conf"), "");
        services = new GuestServices("example.internal", resolvConf, 53, node::send, tasks);
        node.start();
        await().atMost(LONG)
                .ignoreExceptionsInstanceOf(SwitchException.class)
                .untilAsserted(() -> node.ensure(Set.of()));
        await().atMost(LONG).until(() -> node.state().reachable());
        web = guest(WEB);
        db = guest(DB);
        NodeView view =
                new SmallNetwork().port(WEB, "web").port(DB, "db").port(7, "far", "n2").view();
        await().atMost(LONG).until(() -> wiring().ports().size() == 2);
        node.apply(new Compilation().update(view, wiring()));
        services.use(view, wiring());
        services.tell();
    }

    @AfterEach
    void close() {
        services.close();
        node.close();
        tasks.close();
        real.close();
    }

    private void received(PacketIn packet) {
        services.received(packet);
    }

    private Guest guest(int number) {
        Guest guest = real.guest(SmallNetwork.mac(number));
        node.plug(guest.device(), SmallNetwork.id(number), Switch.DeviceType.SYSTEM);
        return guest;
    }

    private Wiring wiring() {
        TreeMap<String, Wiring.Plug> ports = new TreeMap<>();
        for (Attachment one : node.state().attachments()) {
            if (one.numbered()) {
                ports.put(one.portId(), new Wiring.Plug(one.ofport(), one.zone()));
            }
        }
        return new Wiring(SmallNetwork.NODE, "", 0, new TreeMap<>(), ports, new TreeMap<>());
    }

    @Test
    void aGuestConfiguresItselfByDhcpAndReachesOthersByName() {
        assertThat(web.dhcp())
                .contains("ip=10.0.0.5 ", "router=10.0.0.1 dns=10.0.0.1 ")
                .contains("mtu=" + SmallNetwork.MTU + " domain=example.internal host=web");
        db.dhcp();
        assertThat(web.run("ip", "link", "show", "eth0")).contains("mtu " + SmallNetwork.MTU);
        assertThat(web.pings("10.0.0.6")).isTrue();
        assertThat(web.pings("10.0.0.1")).isTrue();

        for (String name : new String[] {"db", "db.example.internal"}) {
            assertThat(web.run("busybox", "nslookup", name, "10.0.0.1")).contains("10.0.0.6");
        }
        assertThat(web.run("busybox", "nslookup", "10.0.0.6", "10.0.0.1"))
                .contains("db.example.internal");
        assertThat(web.attempt("busybox", "nslookup", "nobody", "10.0.0.1").output())
                .contains("NXDOMAIN");
        assertThat(web.attempt("busybox", "nslookup", "example.org", "10.0.0.1").output())
                .contains("SERVFAIL");
    }

    @Test
    void aGuestHearsTheRouterAndReachesOthersByIpv6() {
        // The kernel solicits routers when the interface comes up.
        web.run("ip", "link", "set", "eth0", "down");
        web.run("ip", "link", "set", "eth0", "up");
        await().atMost(LONG)
                .until(() -> web.run("ip", "-6", "route").contains("default via fe80::"));
        assertThat(web.run("ip", "-6", "route")).contains("fd00::/64 dev eth0 proto kernel");
        // It makes up no address of its own, since it could not use it.
        assertThat(web.run("ip", "-6", "address", "show", "dev", "eth0", "scope", "global"))
                .isEmpty();

        web.address("fd00::5/64");
        db.address("fd00::6/64");
        await().atMost(LONG).until(() -> web.pings("fd00::6"));
        assertThat(web.pings("fd00::1")).isTrue();
        assertThat(web.run("busybox", "nslookup", "db", "fd00::1")).contains("fd00::6");
    }

    @Test
    void aGuestLeasesAnAddressByDhcp6() throws IOException {
        Path leases = real.folder().resolve("leases");
        Path pid = real.folder().resolve("dhclient.pid");
        await().atMost(LONG)
                .until(
                        () ->
                                !web.run("ip", "-6", "address", "show", "dev", "eth0")
                                                .contains("tentative")
                                        && web.run("ip", "-6", "address", "show", "dev", "eth0")
                                                .contains("fe80::"));
        web.run(
                "dhclient",
                "-6",
                "-1",
                "-sf",
                "/bin/true",
                "-lf",
                leases.toString(),
                "-pf",
                pid.toString(),
                "eth0");
        assertThat(Files.readString(leases))
                .contains("iaaddr fd00::5")
                .contains("dhcp6.name-servers fd00::1")
                .contains("example.internal");
    }
}
