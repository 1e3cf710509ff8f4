package io.hypervisor.network.answer;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.Subnet;
import io.hypervisor.network.compiler.Asked;
import io.hypervisor.network.compiler.Directory;
import io.hypervisor.network.compiler.Question;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;
import io.hypervisor.network.testing.SmallNetwork;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Questions as guests ask them, answers read byte by byte. */
class AnswersTest {
    private static final int WEB = 5;
    private static final int OFPORT = 3;
    private static final Mac GUEST = Mac.parse(SmallNetwork.mac(WEB));
    private static final Mac GATEWAY = Mac.parse(SmallNetwork.GATEWAY_MAC);
    private static final Mac EVERYBODY = Mac.parse("ff:ff:ff:ff:ff:ff");
    private static final Address NONE = Address.parse("0.0.0.0");
    private static final Address ANYWHERE = Address.parse("255.255.255.255");

    private final SmallNetwork network =
            new SmallNetwork().port(WEB, "web").port(6, "db").port(7, "far", "n2");

    private static Directory directory(NodeView view) {
        TreeMap<String, Wiring.Plug> ports = new TreeMap<>();
        ports.put(SmallNetwork.id(WEB), new Wiring.Plug(OFPORT, 1));
        return new Directory(
                view,
                new Wiring(SmallNetwork.NODE, "", 0, new TreeMap<>(), ports, new TreeMap<>()));
    }

    private List<Reply> ask(Question question, ByteBuffer frame) {
        NodeView view = network.view();
        Asked asked =
                new Asked(
                        question,
                        view.networks().get("net"),
                        Optional.of(view.ports().get(SmallNetwork.id(WEB))),
                        false,
                        Optional.empty(),
                        Optional.empty());
        return new Answers(directory(view), "example.internal").answer(asked, OFPORT, frame);
    }

    private IpPacket answer(Question question, IpPacket packet) {
        assertThat(ask(question, packet.frame())).hasSize(1);
        Reply.Send sent = (Reply.Send) ask(question, packet.frame()).getFirst();
        assertThat(sent.ofport()).isEqualTo(OFPORT);
        return checked(sent.frame());
    }

    /** The packet of a frame whose checksums are right. */
    private static IpPacket checked(ByteBuffer frame) {
        IpPacket packet = IpPacket.read(frame);
        // What the sender computes anew is what it sent.
        assertThat(packet.frame()).isEqualTo(frame);
        return packet;
    }

    private static IpPacket udp(Address from, Address to, int source, int target, ByteBuffer data) {
        return new IpPacket(
                GUEST,
                EVERYBODY,
                from,
                to,
                IpPacket.UDP,
                64,
                new Datagram(source, target, data).payload());
    }

    private static IpPacket dhcp4(Mac client, Address current, int type, byte... options) {
        ByteBuffer out = ByteBuffer.allocate(400);
        out.put((byte) 1).put((byte) 1).put((byte) 6).put((byte) 0).putInt(0xCAFE);
        out.putShort((short) 0).putShort((short) 0);
        Wire.put(out, current).position(28);
        Wire.put(out, client).position(236);
        out.putInt(0x63825363).put(new byte[] {53, 1, (byte) type});
        return udp(NONE, ANYWHERE, 68, 67, out.put(options).put((byte) 255).flip());
    }

    private static byte[] requested(int last) {
        return new byte[] {50, 4, 10, 0, 0, (byte) last};
    }

    private static ByteBuffer option4(IpPacket packet, int code) {
        ByteBuffer in = Datagram.read(packet).data();
        in.position(240);
        for (int found = Wire.u8(in); found != 255; found = Wire.u8(in)) {
            ByteBuffer value = Wire.take(in, Wire.u8(in));
            if (found == code) {
                return value;
            }
        }
        return ByteBuffer.allocate(0);
    }

    @Test
    void dhcpOffersThePortsAddressAndWhatBelongsToIt() {
        IpPacket offer = answer(Question.DHCP4, dhcp4(GUEST, NONE, 1));

        assertThat(offer.fromMac()).isEqualTo(GATEWAY);
        assertThat(offer.toMac()).isEqualTo(GUEST);
        assertThat(offer.to()).isEqualTo(Address.parse("10.0.0.5"));
        ByteBuffer data = Datagram.read(offer).data();
        assertThat(data.getInt(4)).isEqualTo(0xCAFE);
        assertThat(Wire.ipv4(data.duplicate().position(16))).isEqualTo(Address.parse("10.0.0.5"));
        assertThat(option4(offer, 53).get()).isEqualTo((byte) 2);
        assertThat(Wire.ipv4(option4(offer, 1))).isEqualTo(Address.parse("255.255.255.0"));
        assertThat(Wire.ipv4(option4(offer, 3))).isEqualTo(Address.parse("10.0.0.1"));
        assertThat(Wire.ipv4(option4(offer, 6))).isEqualTo(Address.parse("10.0.0.1"));
        assertThat(Wire.u16(option4(offer, 26))).isEqualTo(SmallNetwork.MTU);
        assertThat(Wire.i32(option4(offer, 51))).isEqualTo(86_400);
        assertThat(text(option4(offer, 12))).isEqualTo("web");
        assertThat(text(option4(offer, 15))).isEqualTo("example.internal");
        assertThat(option4(offer, 121).remaining()).isZero();
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.US_ASCII.decode(bytes).toString();
    }

    @Test
    void dhcpRoutesToOtherSubnetsOfTheNetworkWithoutARouter() {
        network.subnet(
                Subnet.newBuilder()
                        .setId("other")
                        .setCidr("10.0.8.0/22")
                        .setGatewayIp("10.0.8.1")
                        .build());
        ByteBuffer routes = option4(answer(Question.DHCP4, dhcp4(GUEST, NONE, 1)), 121);
        assertThat(routes)
                .isEqualTo(ByteBuffer.wrap(new byte[] {22, 10, 0, 8, 0, 0, 0, 0, 0, 10, 0, 0, 1}));
    }

    @Test
    void dhcpAcknowledgesThePortsAddressAndNoOther() {
        IpPacket ack = answer(Question.DHCP4, dhcp4(GUEST, NONE, 3, requested(5)));
        assertThat(option4(ack, 53).get()).isEqualTo((byte) 5);

        IpPacket renewed = answer(Question.DHCP4, dhcp4(GUEST, Address.parse("10.0.0.5"), 3));
        assertThat(option4(renewed, 53).get()).isEqualTo((byte) 5);
        assertThat(renewed.to()).isEqualTo(Address.parse("10.0.0.5"));

        IpPacket nak = answer(Question.DHCP4, dhcp4(GUEST, NONE, 3, requested(6)));
        assertThat(option4(nak, 53).get()).isEqualTo((byte) 6);
        assertThat(nak.to()).isEqualTo(ANYWHERE);
        assertThat(nak.toMac()).isEqualTo(EVERYBODY);
        assertThat(option4(nak, 51).remaining()).isZero();
    }

    @Test
    void dhcpInformsWithoutALease() {
        IpPacket ack = answer(Question.DHCP4, dhcp4(GUEST, Address.parse("10.0.0.5"), 8));
        assertThat(option4(ack, 53).get()).isEqualTo((byte) 5);
        assertThat(option4(ack, 51).remaining()).isZero();
        assertThat(Wire.u16(option4(ack, 26))).isEqualTo(SmallNetwork.MTU);
    }

    @Test
    void dhcpIsSilentToOthers() {
        Mac other = Mac.parse(SmallNetwork.mac(6));
        assertThat(ask(Question.DHCP4, dhcp4(other, NONE, 1).frame())).isEmpty();
        byte[] anotherServer = {54, 4, 10, 0, 0, 9};
        assertThat(ask(Question.DHCP4, dhcp4(GUEST, NONE, 3, anotherServer).frame())).isEmpty();
        for (int type : new int[] {0, 2, 4, 7, 9, 200}) {
            assertThat(ask(Question.DHCP4, dhcp4(GUEST, NONE, type).frame())).isEmpty();
        }
    }

    private static IpPacket dhcp6(int type, String address) {
        ByteBuffer out = ByteBuffer.allocate(200).putInt(type << 24 | 0xABCDE);
        out.putShort((short) 1).putShort((short) 4).putInt(0x1234);
        int bytes = address.isEmpty() ? 12 : 40;
        out.putShort((short) 3).putShort((short) bytes).putInt(77).putLong(0);
        if (!address.isEmpty()) {
            out.putShort((short) 5).putShort((short) 24);
            Wire.put(out, Address.parse(address)).putLong(0);
        }
        Address from = Address.linkLocal(GUEST);
        return udp(from, Address.parse("ff02::1:2"), 546, 547, out.flip());
    }

    private static ByteBuffer option6(ByteBuffer options, int code) {
        ByteBuffer in = options.duplicate();
        while (in.hasRemaining()) {
            int found = Wire.u16(in);
            ByteBuffer value = Wire.take(in, Wire.u16(in));
            if (found == code) {
                return value;
            }
        }
        return ByteBuffer.allocate(0);
    }

    private static ByteBuffer options6(IpPacket packet, int type) {
        ByteBuffer in = Datagram.read(packet).data();
        assertThat(Wire.i32(in)).isEqualTo(type << 24 | 0xABCDE);
        return in;
    }

    @Test
    void dhcp6LeasesThePortsAddress() {
        for (int[] types : new int[][] {{1, 2}, {3, 7}, {5, 7}, {6, 7}}) {
            IpPacket reply = answer(Question.DHCP6, dhcp6(types[0], ""));
            assertThat(reply.from()).isEqualTo(Address.linkLocal(GATEWAY));
            ByteBuffer options = options6(reply, types[1]);
            assertThat(Wire.i32(option6(options, 1))).isEqualTo(0x1234);
            ByteBuffer association = option6(options, 3);
            assertThat(Wire.i32(association)).isEqualTo(77);
            association.position(12);
            assertThat(Wire.ipv6(option6(association.slice(), 5)))
                    .isEqualTo(Address.parse("fd00::5"));
            assertThat(Wire.ipv6(option6(options, 23))).isEqualTo(Address.parse("fd00::1"));
        }
    }

    @Test
    void dhcp6EndsAnAddressThatIsNotThePorts() {
        ByteBuffer options = options6(answer(Question.DHCP6, dhcp6(5, "fd00::6")), 7);
        ByteBuffer addresses = option6(options, 3).position(12).slice();
        Wire.take(addresses, 28);
        ByteBuffer second = option6(addresses, 5);
        assertThat(Wire.ipv6(second)).isEqualTo(Address.parse("fd00::6"));
        assertThat(second.getLong()).isZero();
    }

    @Test
    void dhcp6Confirms() {
        assertThat(Wire.u16(option6(options6(answer(Question.DHCP6, dhcp6(4, "fd00::5")), 7), 13)))
                .isZero();
        assertThat(Wire.u16(option6(options6(answer(Question.DHCP6, dhcp6(4, "fd00::6")), 7), 13)))
                .isEqualTo(4);
        assertThat(ask(Question.DHCP6, dhcp6(12, "").frame())).isEmpty();
    }

    private static IpPacket icmp6(Address from, ByteBuffer payload) {
        Address everybody = Address.parse("ff02::1");
        Mac to = Mac.parse("33:33:00:00:00:01");
        return new IpPacket(GUEST, to, from, everybody, IpPacket.ICMP6, 255, payload);
    }

    @Test
    void routersAreAdvertised() {
        ByteBuffer solicitation = ByteBuffer.allocate(8).putInt(133 << 24).putInt(0).flip();
        IpPacket packet = icmp6(Address.linkLocal(GUEST), solicitation);
        IpPacket advertisement = answer(Question.ROUTER, packet);
        assertThat(advertisement.from()).isEqualTo(Address.linkLocal(GATEWAY));
        assertThat(advertisement.hops()).isEqualTo(255);
        ByteBuffer in = advertisement.payload();
        assertThat(in.get(0)).isEqualTo((byte) 134);
        assertThat(in.get(5) & 0xC0).as("addresses and more come by DHCP").isEqualTo(0xC0);
        assertThat(in.getShort(6)).isEqualTo((short) 9000);
        ByteBuffer options = in.position(16).slice();
        boolean prefix = false;
        boolean mtu = false;
        while (options.hasRemaining()) {
            int start = options.position();
            int kind = Wire.u8(options);
            int end = start + 8 * Wire.u8(options);
            if (kind == 3) {
                prefix = true;
                assertThat(options.get(start + 2)).isEqualTo((byte) 64);
                // On the link, and not for making up addresses.
                assertThat(options.get(start + 3)).isEqualTo((byte) 0x80);
            }
            if (kind == 5) {
                mtu = true;
                assertThat(options.getInt(start + 4)).isEqualTo(SmallNetwork.MTU);
            }
            options.position(end);
        }
        assertThat(prefix && mtu).isTrue();
    }

    private static IpPacket solicitation(Address from, String target) {
        ByteBuffer out = ByteBuffer.allocate(24).putInt(135 << 24).putInt(0);
        return icmp6(from, Wire.put(out, Address.parse(target)).flip());
    }

    @Test
    void neighboursAreKnown() {
        Address own = Address.linkLocal(GUEST);
        IpPacket far = answer(Question.NEIGHBOUR, solicitation(own, "fd00::7"));
        Mac farMac = Mac.parse(SmallNetwork.mac(7));
        assertThat(far.fromMac()).isEqualTo(farMac);
        assertThat(far.to()).isEqualTo(own);
        assertThat(far.payload().getInt(4)).isEqualTo(0x6000_0000);
        assertThat(Wire.mac(far.payload().position(26).slice())).isEqualTo(farMac);

        IpPacket router = answer(Question.NEIGHBOUR, solicitation(own, "fd00::1"));
        assertThat(router.fromMac()).isEqualTo(GATEWAY);
        assertThat(router.payload().getInt(4)).isEqualTo(0xE000_0000);
        String linkLocal = Address.linkLocal(GATEWAY).toString();
        assertThat(answer(Question.NEIGHBOUR, solicitation(own, linkLocal)).fromMac())
                .isEqualTo(GATEWAY);

        IpPacket nameless =
                answer(Question.NEIGHBOUR, solicitation(Address.parse("::"), "fd00::7"));
        assertThat(nameless.to()).isEqualTo(Address.parse("ff02::1"));
        assertThat(nameless.payload().getInt(4)).isEqualTo(0x2000_0000);

        assertThat(ask(Question.NEIGHBOUR, solicitation(own, "fd00::99").frame())).isEmpty();
    }

    private static ByteBuffer query(String name, int type) {
        ByteBuffer out = ByteBuffer.allocate(400).putShort((short) 99).putShort((short) 0x0100);
        out.putShort((short) 1).putShort((short) 0).putInt(0);
        out.put(Names.encoded(List.of(name.split("\\."))));
        return out.putShort((short) type).putShort((short) 1).flip();
    }

    private List<Reply> lookUp(String name, int type) {
        Address from = Address.parse("10.0.0.5");
        Address to = Address.parse("10.0.0.1");
        return ask(Question.DNS, udp(from, to, 4444, 53, query(name, type)).frame());
    }

    private ByteBuffer resolved(String name, int type) {
        IpPacket packet = checked(((Reply.Send) lookUp(name, type).getFirst()).frame());
        assertThat(packet.from()).isEqualTo(Address.parse("10.0.0.1"));
        assertThat(packet.to()).isEqualTo(Address.parse("10.0.0.5"));
        assertThat(Datagram.read(packet).to()).isEqualTo(4444);
        return Datagram.read(packet).data();
    }

    @Test
    void namesOfInstancesAreResolved() {
        for (String name : List.of("db", "DB", "db.example.internal")) {
            ByteBuffer message = resolved(name, 1);
            assertThat(message.getShort(2) & 0xF).isZero();
            assertThat(message.getShort(6)).isEqualTo((short) 1);
            assertThat(Wire.ipv4(message.position(message.limit() - 4).slice()))
                    .isEqualTo(Address.parse("10.0.0.6"));
        }
        ByteBuffer six = resolved("far", 28);
        assertThat(Wire.ipv6(six.position(six.limit() - 16).slice()))
                .isEqualTo(Address.parse("fd00::7"));
        // The name is there, a record of this type is not.
        ByteBuffer none = resolved("db", 15);
        assertThat(none.getShort(2) & 0xF).isZero();
        assertThat(none.getShort(6)).isZero();
    }

    @Test
    void addressesOfInstancesHaveNames() {
        ByteBuffer four = resolved("6.0.0.10.in-addr.arpa", 12);
        assertThat(four.getShort(6)).isEqualTo((short) 1);
        assertThat(text(four.position(four.limit() - 21).slice()))
                .contains("db")
                .contains("example")
                .contains("internal");
        String six = "7" + ".0".repeat(15) + ".0".repeat(12) + ".0.0.d.f.ip6.arpa";
        assertThat(resolved(six, 12).getShort(6)).isEqualTo((short) 1);
        assertThat(resolved("99.0.0.10.in-addr.arpa", 12).getShort(2) & 0xF).isEqualTo(3);
    }

    @Test
    void namesOfOursThatDoNotExistAreNotAskedElsewhere() {
        for (String name : List.of("nobody", "nobody.example.internal", "a.b.example.internal")) {
            assertThat(resolved(name, 1).getShort(2) & 0xF).isEqualTo(3);
        }
    }

    @Test
    void namesOfOthersAreAskedElsewhere() {
        for (String name : List.of("example.org", "db.example.org", "9.9.9.9.in-addr.arpa")) {
            Reply.Forward forward = (Reply.Forward) lookUp(name, 1).getFirst();
            assertThat(forward.ofport()).isEqualTo(OFPORT);
            assertThat(forward.query()).isEqualTo(query(name, 1));
            ByteBuffer failure = Datagram.read(checked(forward.failed().frame())).data();
            assertThat(failure.getShort(0)).isEqualTo((short) 99);
            assertThat(failure.getShort(2) & 0xF).isEqualTo(2);
            ByteBuffer answered = ByteBuffer.allocate(100);
            assertThat(Datagram.read(checked(forward.answered(answered).frame())).data())
                    .isEqualTo(answered);
            ByteBuffer tooLong = ByteBuffer.allocate(SmallNetwork.MTU);
            ByteBuffer cut = Datagram.read(checked(forward.answered(tooLong).frame())).data();
            assertThat(cut.getShort(2) & 0x0200).isEqualTo(0x0200);
        }
    }

    @Property
    void anyBytesGetAnAnswerOrNone(
            @ForAll @Size(max = 300) byte[] frame, @ForAll Question question) {
        ask(question, ByteBuffer.wrap(frame));
    }

    @Property
    void questionsThatAreCutOrSpoiltGetAnAnswerOrNone(
            @ForAll @IntRange(max = 13) int which,
            @ForAll @IntRange(max = 500) int length,
            @ForAll @IntRange(max = 500) int place,
            @ForAll byte value) {
        List<IpPacket> questions =
                List.of(
                        dhcp4(GUEST, NONE, 1),
                        dhcp4(GUEST, NONE, 3, requested(5)),
                        dhcp6(1, ""),
                        dhcp6(4, "fd00::5"),
                        dhcp6(5, "fd00::6"),
                        solicitation(Address.linkLocal(GUEST), "fd00::7"),
                        udp(NONE, ANYWHERE, 5, 53, query("db", 1)),
                        udp(NONE, ANYWHERE, 5, 53, query("6.0.0.10.in-addr.arpa", 12)));
        ByteBuffer frame = questions.get(which % questions.size()).frame();
        frame.put(place % frame.limit(), value);
        frame.limit(length % (frame.limit() + 1));
        for (Question question : Question.values()) {
            ask(question, frame.slice());
        }
    }
}
