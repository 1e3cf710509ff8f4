package io.hypervisor.network.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.ovs.Switch;
import io.hypervisor.network.ovs.SwitchConfig;
import io.hypervisor.network.testing.TestSwitch;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Open vSwitch takes the flows of {@link Samples#everything} and says itself, table by table, what
 * it does to packets: the same as {@link Walk}. It does not translate when it only tells, so
 * packets to floating IPs are not here.
 */
@Tag("real")
class RealSwitchTest {
    private static final Topology TOPOLOGY = Samples.everything();
    private static final Walk.Node NODE = TOPOLOGY.compiled("n1");
    // " 0. in_port=4, priority 100, cookie 0x5" of ofproto/trace
    private static final Pattern STEP = Pattern.compile("^\\s*(\\d+)\\. (?:.*, )?priority (\\d+)");

    @AutoClose private static TestSwitch ovs;

    @BeforeAll
    static void start() throws IOException {
        ovs = TestSwitch.start();
        ovs.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev");
        ovs.vsctl("set", "bridge", "br-int", "fail_mode=secure", "protocols=OpenFlow13,OpenFlow15");
        Wiring wiring = NODE.wiring();
        plug("tunnel", wiring.tunnel(), "type=vxlan", "options:remote_ip=flow", "options:key=flow");
        wiring.patches().forEach((name, port) -> plug(name, port, "type=internal"));
        wiring.ports().forEach((name, plug) -> plug(name, plug.ofport(), "type=internal"));
        for (Meter meter : NODE.table().meters()) {
            ovs.ofctl("add-meter", "br-int", meter.text());
        }
        Path flows = ovs.folder().resolve("flows");
        Files.write(flows, NODE.table().flows().stream().map(Flow::text).toList());
        ovs.ofctl("--bundle", "replace-flows", "br-int", flows.toString());
    }

    private static void plug(String name, int port, String... settings) {
        List<String> command = new ArrayList<>(List.of("add-port", "br-int", name, "--"));
        command.addAll(List.of("set", "interface", name, "ofport_request=" + port));
        command.addAll(List.of(settings));
        ovs.vsctl(command.toArray(String[]::new));
        assertThat(ovs.vsctl("get", "interface", name, "ofport").strip()).isEqualTo("" + port);
    }

    @Test
    void itHasAllFlows() {
        assertThat(ovs.flows("br-int")).hasSameSizeAs(NODE.table().flows());
    }

    /** Text is told by ovs-ofctl, changes by messages of our own. */
    @Test
    void itTakesChangesAsItTakesText() {
        List<String> text = ovs.flows("br-int");
        List<Flow> all = List.copyOf(NODE.table().flows());
        SwitchConfig config =
                new SwitchConfig(ovs.socket(), "br-int", "netdev", "", 4789, Map.of());
        try (Tasks tasks = new VirtualTasks();
                Switch node = new Switch(config, tasks, packet -> {}, () -> {})) {
            node.start();
            await().atMost(Duration.ofSeconds(60)).until(() -> node.state().reachable());
            node.apply(changes(List.of(), List.of()));
            assertThat(ovs.flows("br-int")).isEmpty();
            node.apply(changes(List.of(), all));
            assertThat(ovs.flows("br-int")).isEqualTo(text);
            node.apply(changes(all, List.of()));
            assertThat(ovs.flows("br-int")).isEmpty();
            node.apply(changes(List.of(), all));
        }
        assertThat(ovs.flows("br-int")).isEqualTo(text);
    }

    private static FlowChanges changes(List<Flow> removed, List<Flow> put) {
        return new FlowChanges(removed, put, NODE.table().meters(), List.of(), put.size());
    }

    record Case(String name, String inPort, Packet packet) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> packets() {
        Mac web = mac("web-1");
        Mac router = mac("edge-sub-web");
        Address own = Address.parse("10.0.0.5");
        Address own6 = Address.parse("fd00::5");
        Address outside = Address.parse("198.51.100.7");
        Mac all = new Mac(0xFFFF_FFFF_FFFFL);
        return Stream.of(
                new Case(
                        "tcp to another node",
                        "web-1",
                        tcp(web, mac("web-2"), own, "10.0.0.6", 22)),
                new Case("false source", "web-1", tcp(web, mac("web-2"), outside, "10.0.0.6", 22)),
                new Case(
                        "to a port that is down",
                        "web-1",
                        tcp(web, mac("web-3"), own, "10.0.0.7", 1)),
                new Case(
                        "to nobody",
                        "web-1",
                        tcp(web, all, own, "10.0.0.7", 1).with(Field.ETH_DST, 2)),
                new Case("routed, group allows", "web-1", tcp(web, router, own, "10.0.1.5", 5432)),
                new Case("routed, no rule", "web-1", tcp(web, router, own, "10.0.1.5", 80)),
                new Case("routed to a VLAN", "web-1", tcp(web, router, own, "10.0.2.5", 80)),
                new Case("routed to a VLAN away", "web-1", tcp(web, router, own, "10.0.2.6", 80)),
                new Case("static route", "web-1", tcp(web, router, own, "172.16.3.4", 80)),
                new Case(
                        "outside",
                        "db-1",
                        tcp(
                                mac("db-1"),
                                mac("edge-sub-db"),
                                Address.parse("10.0.1.5"),
                                "198.51.100.7",
                                80)),
                new Case(
                        "outside from a floating IP",
                        "web-1",
                        tcp(web, router, own, "198.51.100.7", 80)),
                new Case(
                        "last hop",
                        "web-1",
                        tcp(web, router, own, "10.0.1.5", 5432).with(Field.TTL, 1)),
                new Case(
                        "ping the gateway",
                        "web-1",
                        Packet.ping(web, router, own, Address.parse("10.0.0.1"))),
                new Case(
                        "ping a far gateway",
                        "web-1",
                        Packet.ping(web, router, own, Address.parse("10.0.1.1"))),
                new Case(
                        "ping the gateway in IPv6",
                        "web-1",
                        Packet.ping(web, mac("edge-sub-web6"), own6, Address.parse("fd00::1"))),
                new Case(
                        "outside in IPv6",
                        "web-1",
                        Packet.ping(
                                web, mac("edge-sub-web6"), own6, Address.parse("2001:db8:1::1"))),
                new Case("arp", "web-1", Packet.arpRequest(web, own, Address.parse("10.0.0.6"))),
                new Case(
                        "arp for nobody",
                        "web-1",
                        Packet.arpRequest(web, own, Address.parse("10.0.0.99"))),
                new Case(
                        "false arp",
                        "web-1",
                        Packet.arpRequest(web, outside, Address.parse("10.0.0.6"))),
                new Case(
                        "neighbour",
                        "web-1",
                        Packet.neighbourSolicitation(web, own6, Address.parse("fd00::6"))),
                new Case(
                        "dhcp",
                        "web-1",
                        Packet.udp(
                                web,
                                all,
                                Address.parse("0.0.0.0"),
                                Address.parse("255.255.255.255"),
                                68,
                                67)),
                new Case(
                        "false dhcp server",
                        "web-1",
                        Packet.udp(web, all, own, Address.parse("10.0.0.6"), 67, 68)),
                new Case(
                        "dns",
                        "web-1",
                        Packet.udp(web, router, own, Address.parse("10.0.0.1"), 3333, 53)),
                new Case(
                        "from outside to the router",
                        "wan",
                        Packet.ping(
                                new Mac(2),
                                gateway(),
                                Address.parse("203.0.113.1"),
                                Address.parse("203.0.113.10"))),
                new Case(
                        "arp from outside",
                        "wan",
                        Packet.arpRequest(
                                new Mac(2),
                                Address.parse("203.0.113.1"),
                                Address.parse("203.0.113.20"))),
                new Case(
                        "from a VLAN",
                        "lan",
                        tcp(mac("lan-2"), mac("lan-1"), Address.parse("10.0.2.6"), "10.0.2.5", 80)
                                .with(Field.VLAN, 0x1064)),
                new Case(
                        "from another VLAN",
                        "lan",
                        tcp(mac("lan-2"), mac("lan-1"), Address.parse("10.0.2.6"), "10.0.2.5", 80)
                                .with(Field.VLAN, 0x1065)));
    }

    @ParameterizedTest
    @MethodSource("packets")
    void itDoesWhatTheWalkSays(Case one) {
        int port = port(one.inPort);
        Trail trail = Walk.through(List.of(NODE)).from("n1", port, one.packet);
        List<String> walked =
                trail.hops().stream()
                        .map(Trail.Hop::flow)
                        .map(
                                flow ->
                                        flow.replaceFirst(
                                                ".*table=(\\d+), priority=(\\d+).*", "$1 $2"))
                        .toList();
        List<String> trace = new ArrayList<>(List.of("ofproto/trace", "br-int"));
        String packet = one.packet.toString();
        trace.add(
                "in_port="
                        + port
                        + ","
                        // It takes the short names of ports for TCP only.
                        + (packet.startsWith("udp") ? packet.replace("tp_", "udp_") : packet));
        if (one.name.startsWith("ping")) {
            // It does not remember the question when the answer comes.
            trace.addAll(List.of("--ct-next", "trk,new", "--ct-next", "trk,est,rpl"));
        }
        String told = ovs.appctl(trace.toArray(String[]::new));
        List<String> steps =
                told.lines()
                        .map(STEP::matcher)
                        .filter(Matcher::find)
                        .map(step -> step.group(1) + " " + step.group(2))
                        .toList();
        assertThat(steps).as(told).containsExactlyElementsOf(walked);
    }

    private static Packet tcp(Mac from, Mac to, Address source, String target, int port) {
        return Packet.tcp(from, to, source, Address.parse(target), 40000, port);
    }

    private static int port(String name) {
        return NODE.wiring().ports().containsKey(name)
                ? NODE.wiring().ports().get(name).ofport()
                : NODE.wiring().patches().get(name);
    }

    private static Mac mac(String port) {
        return Mac.parse(TOPOLOGY.ports.get(port).getPort().getMacAddress());
    }

    private static Mac gateway() {
        return Mac.parse(TOPOLOGY.routers.get("edge").getGatewayMac());
    }
}
