package io.hypervisor.network.ovs;

import static io.hypervisor.network.compiler.Field.IN_PORT;
import static io.hypervisor.network.ovs.Flows.ARP;
import static io.hypervisor.network.ovs.Flows.IPV4;
import static io.hypervisor.network.ovs.Flows.drop;
import static io.hypervisor.network.ovs.Flows.flow;
import static io.hypervisor.network.ovs.Flows.is;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.core.VirtualTasks;
import io.hypervisor.network.compiler.Action;
import io.hypervisor.network.compiler.Action.Measure;
import io.hypervisor.network.compiler.Action.Output;
import io.hypervisor.network.compiler.Field;
import io.hypervisor.network.compiler.Flow;
import io.hypervisor.network.compiler.Meter;
import io.hypervisor.network.compiler.Stage;
import io.hypervisor.network.ovs.Switch.DeviceType;
import io.hypervisor.network.testing.Guest;
import io.hypervisor.network.testing.TestSwitch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Against a real Open vSwitch with real packets. */
@Tag("real")
class SwitchTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final String PORT = "0197c5a0-0000-7000-8000-00000000000";

    private final TestSwitch real = TestSwitch.start();
    private final VirtualTasks tasks = new VirtualTasks();
    private final BlockingQueue<PacketIn> packets = new LinkedBlockingQueue<>();
    private final AtomicInteger changes = new AtomicInteger();
    private final Map<String, String> mappings = new HashMap<>();
    private Switch node;
    private Flows flows = new Flows();

    @BeforeEach
    void connect() {
        node = open();
    }

    @AfterEach
    void close() {
        node.close();
        tasks.close();
        real.close();
    }

    private SwitchConfig config() {
        return new SwitchConfig(real.socket(), "br-int", "netdev", "192.0.2.1", 4789, mappings);
    }

    private Switch open() {
        var opened = new Switch(config(), tasks, packets::add, changes::incrementAndGet);
        opened.start();
        // The database is there at once, OpenFlow with the bridge.
        await().atMost(LONG)
                .ignoreExceptionsInstanceOf(SwitchException.class)
                .untilAsserted(() -> opened.ensure(Set.of()));
        await().atMost(LONG).until(() -> opened.state().reachable());
        return opened;
    }

    private void reopen() {
        node.close();
        node = open();
        flows = new Flows();
    }

    private Attachment plugged(String device) {
        await().atMost(LONG).until(() -> attachment(device).numbered());
        return attachment(device);
    }

    private Attachment attachment(String device) {
        return node.state().attachments().stream()
                .filter(one -> one.device().equals(device))
                .findFirst()
                .orElse(new Attachment(device, "", 0, 0, false, false, ""));
    }

    private Guest guest(int number) {
        Guest guest = real.guest("02:00:00:00:00:0" + number).address("10.0.0." + number + "/24");
        node.plug(guest.device(), PORT + number, DeviceType.SYSTEM);
        return guest;
    }

    private void apply(List<Flow> wanted, List<Meter> meters) {
        node.apply(flows.to(wanted, meters));
    }

    private static Flow forward(Attachment from, Attachment to) {
        return forward(from, to, List.of());
    }

    private static Flow forward(Attachment from, Attachment to, List<Action> first) {
        List<Action> actions = new ArrayList<>(first);
        actions.add(new Output(to.ofport()));
        return flow(10, List.of(is(IN_PORT, from.ofport())), actions.toArray(Action[]::new));
    }

    @Test
    void makesBridgeAndTunnelOnce() {
        await().atMost(LONG).until(() -> node.state().tunnel() > 0);
        assertThat(node.state().tunnelError()).isEmpty();
        assertThat(real.vsctl("get", "Bridge", "br-int", "fail_mode").strip()).isEqualTo("secure");
        assertThat(real.vsctl("get", "Interface", "vx-br-int", "options"))
                .contains(
                        "key=flow",
                        "remote_ip=flow",
                        "local_ip=\"192.0.2.1\"",
                        "dst_port=\"4789\"");

        String before = real.vsctl("list", "Bridge") + real.vsctl("list", "Port");
        reopen();
        node.ensure(Set.of());
        assertThat(real.vsctl("list", "Bridge") + real.vsctl("list", "Port")).isEqualTo(before);
    }

    @Test
    void whatSomebodyChangedIsPutBack() {
        real.vsctl("set-fail-mode", "br-int", "standalone");
        real.vsctl("set-controller", "br-int", "tcp:127.0.0.1:1");
        real.vsctl("set", "Interface", "vx-br-int", "options:dst_port=99");
        await().untilAsserted(
                        () -> {
                            node.ensure(Set.of());
                            assertThat(real.vsctl("get-fail-mode", "br-int")).contains("secure");
                            assertThat(real.vsctl("get-controller", "br-int")).isEmpty();
                            assertThat(real.vsctl("get", "Interface", "vx-br-int", "options"))
                                    .contains("4789");
                        });
    }

    @Test
    void aBridgeThatIsNotOursIsLeftAlone() {
        real.vsctl("clear", "Bridge", "br-int", "external_ids");
        await().untilAsserted(
                        () ->
                                assertThatThrownBy(() -> node.ensure(Set.of()))
                                        .isInstanceOf(SwitchException.class)
                                        .hasMessageContaining("br-int exists without"));
        assertThatThrownBy(() -> node.plug("eth9", PORT + 1, DeviceType.SYSTEM))
                .isInstanceOf(SwitchException.class);
    }

    @Test
    void patchesToPhysicalNetworks() {
        real.vsctl("add-br", "br-ex", "--", "set", "bridge", "br-ex", "datapath_type=netdev");
        real.vsctl(
                "add-port",
                "br-ex",
                "foreign",
                "--",
                "set",
                "interface",
                "foreign",
                "type=internal");
        mappings.putAll(Map.of("public", "br-ex", "storage", "br-none"));
        reopen();
        await().atMost(LONG).until(() -> node.state().patches().containsKey("public"));
        assertThat(node.state().patchErrors())
                .isEqualTo(
                        Map.of(
                                "storage",
                                "bridge of bridge_mappings.storage does not exist: br-none"));
        assertThat(real.vsctl("list-ports", "br-ex").lines())
                .containsExactlyInAnyOrder("foreign", "public-to-br-int");

        // A bridge that appears is joined by the next pass.
        real.vsctl("add-br", "br-none", "--", "set", "bridge", "br-none", "datapath_type=netdev");
        await().atMost(LONG)
                .until(
                        () -> {
                            node.ensure(Set.of());
                            return node.state().patches().containsKey("storage");
                        });
        assertThat(node.state().patchErrors()).isEmpty();

        mappings.clear();
        reopen();
        assertThat(real.vsctl("list-ports", "br-ex").strip()).isEqualTo("foreign");
        assertThat(real.vsctl("list-ports", "br-int").strip()).isEqualTo("vx-br-int");
    }

    @Test
    void plugsAndUnplugs() {
        Guest guest = guest(1);
        Attachment first = plugged(guest.device());
        assertThat(first.portId()).isEqualTo(PORT + 1);
        assertThat(first.plugged()).isTrue();
        assertThat(first.zone()).isPositive();
        assertThat(first.ofport()).isEqualTo(0x8000 + first.zone());

        node.plug(guest.device(), PORT + 1, DeviceType.SYSTEM);
        assertThat(attachment(guest.device())).isEqualTo(first);
        reopen();
        assertThat(attachment(guest.device())).isEqualTo(first);

        // Another port on the same device: nothing that was tracked may count for it.
        node.plug(guest.device(), PORT + 2, DeviceType.SYSTEM);
        Attachment second = plugged(guest.device());
        assertThat(second.portId()).isEqualTo(PORT + 2);
        assertThat(second.zone()).isNotEqualTo(first.zone());

        node.unplug(List.of(guest.device()));
        node.unplug(List.of(guest.device()));
        assertThat(node.state().attachments()).isEmpty();

        // A zone that was given back rests, also across a restart.
        reopen();
        node.plug(guest.device(), PORT + 3, DeviceType.SYSTEM);
        assertThat(plugged(guest.device()).zone()).isGreaterThan(second.zone());
    }

    @Test
    void aDeviceThatIsMissingIsAnErrorUntilItAppears() {
        node.plug("later", PORT + 1, DeviceType.SYSTEM);
        await().atMost(LONG).until(() -> !attachment("later").error().isEmpty());
        assertThat(attachment("later").ofport()).isZero();

        real.namespace().run("ip", "link", "add", "later", "type", "veth");
        plugged("later");
        assertThat(attachment("later").error()).isEmpty();
    }

    private void foreign(String... columns) {
        List<String> command =
                new ArrayList<>(List.of("add-port", "br-int", "foreign", "--", "set", "interface"));
        command.addAll(List.of("foreign", "type=internal"));
        command.addAll(List.of(columns));
        real.vsctl(command.toArray(String[]::new));
    }

    @Test
    void aNumberThatSomebodyHasIsNotGivenOut() {
        Guest first = guest(1);
        int next = plugged(first.device()).ofport() + 1;
        foreign("ofport_request=" + next);
        // Our copy of the database has it once it has what was written after it.
        Guest second = real.guest("02:00:00:00:00:02");
        real.vsctl("add-port", "br-int", second.device());
        real.vsctl("set", "Interface", second.device(), "external_ids:iface-id=" + PORT + 2);
        plugged(second.device());
        assertThat(plugged(guest(3).device()).ofport()).isEqualTo(next + 1);
    }

    @Test
    void theSwitchMakesInternalDevices() {
        node.plug("inside", PORT + 1, DeviceType.INTERNAL);
        plugged("inside");
        real.namespace().run("ip", "link", "show", "inside");
    }

    @Test
    void devicesThatOthersPlugForOurPortsGetAZone() {
        Guest guest = real.guest("02:00:00:00:00:01");
        int seen = changes.get();
        real.vsctl("add-port", "br-int", guest.device());
        real.vsctl("set", "Interface", guest.device(), "external_ids:iface-id=" + PORT + 1);
        await().until(() -> attachment(guest.device()).ofport() > 0);
        assertThat(changes.get()).isGreaterThan(seen);
        node.ensure(Set.of());

        Attachment adopted = attachment(guest.device());
        assertThat(adopted.plugged()).isFalse();
        // The switch counts for others; for ours we do, and what somebody has is left out.
        assertThat(adopted.ofport()).isLessThan(0x8000);
        assertThat(adopted.zone()).isPositive();
        node.ensure(Set.of());
        assertThat(attachment(guest.device())).isEqualTo(adopted);

        foreign();
        assertThatThrownBy(() -> node.unplug(List.of("foreign")))
                .isInstanceOf(SwitchException.class);
        assertThatThrownBy(() -> node.plug("foreign", PORT + 2, DeviceType.SYSTEM))
                .isInstanceOf(SwitchException.class);
    }

    @Test
    void namesGetZonesOfTheirOwn() {
        node.ensure(Set.of("router-a", "router-b"));
        Map<String, Integer> zones = node.state().zones();
        assertThat(zones).containsOnlyKeys("router-a", "router-b");
        assertThat(Set.copyOf(zones.values())).hasSize(2).allMatch(zone -> zone > 0x7FFF);
        node.ensure(Set.of("router-b"));
        assertThat(node.state().zones()).isEqualTo(Map.of("router-b", zones.get("router-b")));
    }

    private static Action to(Attachment one) {
        return new Output(one.ofport());
    }

    private static Flow track(Attachment from, Attachment to) {
        return flow(
                10,
                List.of(IPV4, is(IN_PORT, from.ofport())),
                Action.set(Field.SOURCE_ZONE, from.zone()),
                new Action.Commit(Field.SOURCE_ZONE, 0),
                to(to));
    }

    @Test
    void whatAPortTrackedEndsWithIt() {
        Guest a = guest(1);
        Guest b = guest(2);
        Attachment one = plugged(a.device());
        Attachment two = plugged(b.device());
        apply(
                List.of(
                        track(one, two),
                        track(two, one),
                        flow(20, List.of(ARP, is(IN_PORT, one.ofport())), to(two)),
                        flow(20, List.of(ARP, is(IN_PORT, two.ofport())), to(one))),
                List.of());
        assertThat(a.pings("10.0.0.2")).isTrue();
        assertThat(b.pings("10.0.0.1")).isTrue();
        String zone = "zone=" + one.zone();
        assertThat(real.appctl("dpctl/dump-conntrack")).contains(zone);

        node.unplug(List.of(a.device()));
        assertThat(real.appctl("dpctl/dump-conntrack"))
                .doesNotContain(zone)
                .contains("zone=" + two.zone());

        // Also when the port left while nobody looked: its zone is empty for whoever gets it next.
        node.close();
        real.vsctl("del-port", "br-int", b.device());
        real.vsctl("remove", "Bridge", "br-int", "external_ids", "hypervisor-zone");
        node = open();
        Guest c = guest(3);
        Guest d = guest(4);
        assertThat(List.of(plugged(c.device()).zone(), plugged(d.device()).zone()))
                .contains(two.zone());
        assertThat(real.appctl("dpctl/dump-conntrack")).doesNotContain("zone=" + two.zone());
    }

    @Test
    void flowsAreAppliedByDifference() {
        Guest a = guest(1);
        Guest b = guest(2);
        Attachment one = plugged(a.device());
        Attachment two = plugged(b.device());
        List<Flow> both = List.of(forward(one, two), forward(two, one));
        apply(both, List.of());
        assertThat(a.pings("10.0.0.2")).isTrue();

        // What did not change keeps its counters, so it was not touched.
        apply(both, List.of());
        apply(List.of(both.getFirst()), List.of());
        // The datapath hears of it a moment later.
        await().atMost(LONG).until(() -> !a.pings("10.0.0.2"));
        assertThat(real.ofctl("dump-flows", "br-int")).doesNotContain("n_packets=0,");
        assertThat(real.flows("br-int")).hasSize(1);

        // A fresh agent finds what it wants and leaves it, and removes what it does not want.
        real.ofctl("add-flow", "br-int", "table=9,actions=drop");
        reopen();
        apply(List.of(both.getFirst()), List.of());
        assertThat(real.ofctl("dump-flows", "br-int")).doesNotContain("n_packets=0,");
        assertThat(real.flows("br-int")).hasSize(1);
    }

    @Test
    void whatTheSwitchLearnedIsLeftAlone() {
        int table = Stage.LEARNED.table();
        String learned =
                "table="
                        + table
                        + ",idle_timeout=300,priority=1,ip,reg8=1,actions=load:1->NXM_NX_REG9[]";
        real.ofctl("add-flow", "br-int", learned);
        apply(List.of(drop(1)), List.of());
        String both = real.ofctl("--no-stats", "dump-flows", "br-int");
        assertThat(both).contains("idle_timeout=300", "actions=drop");
        reopen();
        apply(List.of(drop(1)), List.of());
        assertThat(real.ofctl("--no-stats", "dump-flows", "br-int")).isEqualTo(both);
    }

    @Test
    void aTableThatTheSwitchRefusesChangesNothingAndTheNextOneIsApplied() {
        apply(List.of(drop(1)), List.of());
        assertThatThrownBy(
                        () ->
                                apply(
                                        List.of(
                                                drop(2),
                                                flow(
                                                        3,
                                                        List.of(IPV4),
                                                        new Measure(77),
                                                        new Output(1))),
                                        List.of()))
                .isInstanceOf(SwitchException.class)
                .hasMessageContaining("the switch refuses");
        assertThat(real.flows("br-int")).singleElement().asString().contains("priority=1 ");
        apply(List.of(drop(2)), List.of());
        assertThat(real.flows("br-int")).singleElement().asString().contains("priority=2 ");
    }

    @Test
    void flowsComeBackWhenTheSwitchStartsAgain() {
        Guest a = guest(1);
        Guest b = guest(2);
        Attachment one = plugged(a.device());
        Attachment two = plugged(b.device());
        List<Flow> both = List.of(forward(one, two), forward(two, one, List.of(new Measure(5))));
        apply(both, List.of(new Meter(5, false, 1000, 1000)));
        assertThat(a.pings("10.0.0.2")).isTrue();

        real.killVswitchd();
        await().until(() -> !node.state().reachable());
        real.startVswitchd();
        await().atMost(LONG).until(() -> real.flows("br-int").size() == 2);
        await().atMost(LONG).until(() -> a.pings("10.0.0.2"));
        assertThat(plugged(a.device())).isEqualTo(one);

        // Without its database ovs-vswitchd stands still, with it it goes on.
        real.killOvsdb();
        await().until(() -> !node.state().reachable());
        real.startOvsdb();
        await().atMost(LONG).until(() -> node.state().reachable());
        await().atMost(LONG).until(() -> a.pings("10.0.0.2"));
        apply(List.of(forward(one, two)), List.of());
        assertThat(real.flows("br-int")).hasSize(1);
    }

    @Test
    void meters() {
        Meter slow = new Meter(3, false, 10, 20);
        Meter fast = new Meter(4, true, 5000, 600);
        apply(List.of(flow(1, List.of(), new Measure(3), new Output(1))), List.of(slow, fast));
        assertThat(real.ofctl("dump-meters", "br-int"))
                .contains("meter=3 pktps burst", "rate=10 burst_size=20", "meter=4 kbps burst");
        apply(
                List.of(flow(1, List.of(), new Measure(3), new Output(1))),
                List.of(new Meter(3, false, 11, 20)));
        assertThat(real.ofctl("dump-meters", "br-int"))
                .contains("rate=11 burst_size=20")
                .doesNotContain("meter=4");
        reopen();
        apply(List.of(drop(1)), List.of());
        assertThat(real.ofctl("dump-meters", "br-int")).doesNotContain("meter=3");
        assertThat(real.flows("br-int")).hasSize(1);
    }

    @Test
    void packetsComeAndGo() throws InterruptedException {
        Guest a = guest(1);
        Attachment one = plugged(a.device());
        apply(
                List.of(
                        flow(
                                10,
                                List.of(ARP, is(IN_PORT, one.ofport())),
                                Action.set(Field.QUESTION, 0xabc),
                                new Action.Ask())),
                List.of());
        Process capture =
                a.start(
                        real.folder().resolve("capture"),
                        "tcpdump",
                        "-nlei",
                        "eth0",
                        "-c",
                        "1",
                        "ether",
                        "proto",
                        "0x88b5");
        await().atMost(LONG)
                .until(
                        () ->
                                Files.readString(real.folder().resolve("capture"))
                                        .contains("listening"));
        a.attempt("busybox", "ping", "-c", "1", "-W", "1", "10.0.0.9");

        PacketIn packet = packets.poll(60, TimeUnit.SECONDS);
        assertThat(packet.inPort()).isEqualTo(one.ofport());
        assertThat(packet.register(7)).isEqualTo(0xabc);
        assertThat(packet.register(6)).isZero();
        assertThat(packet.frame().remaining()).isEqualTo(42);
        assertThat(packet.frame().getInt(0)).isEqualTo(-1);

        byte[] frame = new byte[60];
        frame[0] = 2;
        frame[5] = 1;
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        node.send(one.ofport(), ByteBuffer.wrap(frame));
        capture.onExit().join();
    }

    private static Flow ask(Attachment from, int meter) {
        return flow(
                10,
                List.of(IPV4, is(Field.IP_PROTO, 17), is(IN_PORT, from.ofport())),
                new Measure(meter),
                new Action.Ask());
    }

    @Test
    void oneGuestsQuestionsAreLimitedByItsMeter() {
        Guest loud = guest(1);
        Guest quiet = guest(2);
        Attachment one = plugged(loud.device());
        Attachment two = plugged(quiet.device());
        apply(
                List.of(ask(one, 1), ask(two, 2)),
                List.of(new Meter(1, false, 10, 10), new Meter(2, false, 10, 10)));
        String flood =
                "i=0; while [ $i -lt 300 ]; do echo x > /dev/udp/10.0.0.255/9; i=$((i+1)); done";
        loud.run(
                "ip", "neighbour", "add", "10.0.0.9", "lladdr", "02:00:00:00:00:09", "dev", "eth0");
        quiet.run(
                "ip", "neighbour", "add", "10.0.0.9", "lladdr", "02:00:00:00:00:09", "dev", "eth0");
        loud.run("bash", "-c", flood.replace("10.0.0.255", "10.0.0.9"));
        quiet.run("bash", "-c", "echo x > /dev/udp/10.0.0.9/9");

        await().atMost(LONG)
                .until(() -> packets.stream().anyMatch(p -> p.inPort() == two.ofport()));
        long answered = packets.stream().filter(p -> p.inPort() == one.ofport()).count();
        assertThat(answered).isBetween(1L, 200L);
        assertThat(real.ofctl("meter-stats", "br-int", "meter=1"))
                .doesNotContain("packet_count:0 ");
    }
}
