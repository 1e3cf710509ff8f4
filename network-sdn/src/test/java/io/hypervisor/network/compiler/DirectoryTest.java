package io.hypervisor.network.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.network.answer.Answers;
import io.hypervisor.network.answer.Reply;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Questions of the flows of {@link Samples#everything}, with a subnet of IPv6 in its VLAN. */
class DirectoryTest {
    private static final int REGISTERS = 16;

    private final Topology topology =
            Samples.everything()
                    .subnet("sub-lan6", "net-lan", "fd02::/64", "fd02::1")
                    .router("edge6", "sub-lan6")
                    .port("lan-3", "n1", "net-lan", List.of("web"), "10.0.2.7", "fd02::7");
    private final NodeView view = NodeView.of(topology.objects("n1"));
    private final Wiring wiring = Wiring.assumed(view, "n1", Set.of("lan", "wan"));
    private final Directory directory = new Directory(view, wiring);

    private Asked asked(Map<Integer, Long> registers) {
        return directory
                .asked(number -> registers.getOrDefault(number, 0L).intValue())
                .orElseThrow();
    }

    private long key(String network) {
        return wiring.key(network(network));
    }

    private LogicalNetwork network(String id) {
        return view.networks().get(id);
    }

    private ByteBuffer sent(Asked asked, int inPort, String hex) {
        ByteBuffer frame = ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
        List<Reply> replies =
                new Answers(directory, "example.internal").answer(asked, inPort, frame);
        assertThat(replies).hasSize(1);
        Reply.Send send = (Reply.Send) replies.getFirst();
        assertThat(send.ofport()).isEqualTo(inPort);
        return send.frame();
    }

    @Test
    void registersTellWhoAsksWhat() {
        int ofport = wiring.ports().get("web-1").ofport();
        Asked dhcp = asked(Map.of(0, key("net-web"), 1, (long) ofport, 7, 1L));
        assertThat(dhcp.question()).isEqualTo(Question.DHCP4);
        assertThat(dhcp.network().id()).isEqualTo("net-web");
        assertThat(dhcp.port().orElseThrow().id()).isEqualTo("web-1");
        assertThat(dhcp.physical()).isFalse();

        Asked next =
                asked(Map.of(0, key("net-lan"), 5, 2L, 7, 6L, 8, 0xCB007101L, 10, 0xCB00710AL));
        assertThat(next.physical()).isTrue();
        assertThat(next.port()).isEmpty();
        assertThat(next.nextHop()).contains(Address.parse("203.0.113.1"));
        assertThat(next.asker()).contains(Address.parse("203.0.113.10"));

        Asked next6 = asked(Map.of(0, key("net-lan"), 7, 6L, 12, 0xfd020000L, 15, 9L));
        assertThat(next6.nextHop()).contains(Address.parse("fd02::9"));
        assertThat(directory.asked(number -> number < REGISTERS ? 99 : 0)).isEmpty();
    }

    @Test
    void physicalHostsHearOnlyOfWhatThisNodeAnswersFor() {
        LogicalNetwork wan = network("net-wan");
        assertThat(directory.neighbour(wan, Address.parse("2001:db8::10"), true)).isPresent();
        LogicalNetwork lan = network("net-lan");
        Address own = Address.parse("fd02::7");
        assertThat(directory.neighbour(lan, own, true)).isEmpty();
        assertThat(directory.neighbour(lan, own, false)).isPresent();
        Address router = Address.linkLocal(Mac.parse(mac("edge6-sub-lan6")));
        assertThat(directory.neighbour(lan, router, false).orElseThrow().router()).isTrue();
    }

    private String mac(String port) {
        return topology.ports.get(port).getPort().getMacAddress();
    }

    @Test
    void aRoutersLinkLocalAddressIsAskedOfTheNodeInVlansToo() {
        String target = "nd_target=" + Address.linkLocal(Mac.parse(mac("edge6-sub-lan6")));
        assertThat(FlowCompiler.compile(view, wiring).flows())
                .anyMatch(flow -> flow.stage() == Stage.ANSWER && flow.key().contains(target));
    }

    @Test
    void theNextHopIsAskedForWithTheNetworksTag() {
        int lan = wiring.patches().get("lan");
        Asked arp = asked(Map.of(0, key("net-lan"), 7, 6L, 8, 0x0A000263L, 10, 0x0A000201L));
        String routed = "ffffffffffff 0a1122334455 0800 4500";
        assertThat(HexFormat.of().formatHex(sent(arp, lan, routed).array()))
                .isEqualTo(
                        ("ffffffffffff 0a1122334455 8100 0064 0806 0001 0800 06 04 0001"
                                        + " 0a1122334455 0a000201 000000000000 0a000263")
                                .replace(" ", ""));

        Asked ns = asked(Map.of(0, key("net-lan"), 7, 6L, 12, 0xfd020000L, 15, 0x99L));
        assertThat(HexFormat.of().formatHex(sent(ns, lan, routed).array()))
                .startsWith("3333ff000099" + "0a1122334455" + "81000064" + "86dd");
    }

    @Test
    void whoAsksFromAPhysicalNetworkIsAnsweredWithItsTag() {
        int lan = wiring.patches().get("lan");
        Asked asked = asked(Map.of(0, key("net-lan"), 5, 2L, 7, 4L));
        String solicitation =
                "3333ff000001 020000000009 86dd 60000000 0018 3a ff"
                        + " fd020000000000000000000000000009 ff0200000000000000000001ff000001"
                        + " 87000000 00000000 fd020000000000000000000000000001";
        // The router's way out is not here, so that another node answers.
        assertThat(
                        new Answers(directory, "example.internal")
                                .answer(
                                        asked,
                                        lan,
                                        ByteBuffer.wrap(
                                                HexFormat.of()
                                                        .parseHex(solicitation.replace(" ", "")))))
                .isEmpty();
        Asked wan = asked(Map.of(0, key("net-wan"), 5, 2L, 7, 4L));
        String forGateway =
                solicitation.replace(
                        "fd020000000000000000000000000001", "20010db8000000000000000000000010");
        assertThat(
                        HexFormat.of()
                                .formatHex(
                                        sent(wan, wiring.patches().get("wan"), forGateway).array()))
                .startsWith("020000000009")
                .contains("86dd60000000");
    }

    @Test
    void whatPhysicalHostsFindHereIsAnnouncedThere() {
        assertThat(directory.atThisNode().get(network("net-wan")).keySet())
                .extracting(Address::toString)
                .contains("203.0.113.10", "203.0.113.20", "203.0.113.21", "2001:db8::10");
        List<String> frames =
                new Answers(directory, "example.internal")
                        .announcements().stream()
                                .map(send -> HexFormat.of().formatHex(send.frame().array()))
                                .toList();
        String mac =
                directory
                        .atThisNode()
                        .get(network("net-wan"))
                        .get(Address.parse("203.0.113.20"))
                        .mac()
                        .toString()
                        .replace(":", "");
        assertThat(frames)
                .contains(
                        ("ffffffffffff" + mac + "0806 0001 0800 06 04 0001" + mac + "cb007114")
                                        .replace(" ", "")
                                + "000000000000cb007114")
                // The router's way out by IPv6: an advertisement that nobody asked for, of a
                // router.
                .anyMatch(
                        frame ->
                                frame.startsWith("333300000001")
                                        && frame.contains(
                                                "ff020000000000000000000000000001" + "8800")
                                        && frame.contains(
                                                "a0000000" + "20010db8000000000000000000000010"))
                // The router's end in the VLAN.
                .anyMatch(frame -> frame.contains("810000640806") && frame.endsWith("0a000201"));

        Wiring other = Wiring.assumed(view, "n2", Set.of("lan"));
        assertThat(new Answers(new Directory(view, other), "example.internal").announcements())
                .isEmpty();
    }
}
