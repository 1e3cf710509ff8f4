package io.hypervisor.network.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeFloatingIP;
import io.hypervisor.api.internal.v1.NodePort;
import io.hypervisor.api.internal.v1.NodeRouter;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.network.compiler.Oracle.Answered;
import io.hypervisor.network.compiler.Oracle.Delivered;
import io.hypervisor.network.compiler.Oracle.Dropped;
import io.hypervisor.network.compiler.Oracle.Fate;
import io.hypervisor.network.compiler.Oracle.Left;
import io.hypervisor.network.compiler.Oracle.Probe;
import io.hypervisor.network.compiler.Trail.End;
import io.hypervisor.network.compiler.Trail.Verdict;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** What holds for every topology. */
class CompilerPropertyTest {
    private static final Address OUTSIDE = Address.parse("198.51.100.7");
    private static final Address OUTSIDE6 = Address.parse("2001:db8:ffff::7");
    private static final Mac UPSTREAM = Mac.parse("00:00:5e:00:01:01");
    private static final int SOURCE_PORT = 40000;

    @Property(tries = 100)
    void theOrderOfInputDoesNotMatter(@ForAll long seed) {
        Topology topology = RandomTopologies.of(seed);
        for (String node : topology.nodes.keySet()) {
            List<NetworkObject> objects = new ArrayList<>(topology.objects(node));
            NodeView view = NodeView.of(objects);
            Wiring wiring = Wiring.assumed(view, node, topology.nodes.get(node));
            FlowTable table = FlowCompiler.compile(view, wiring);
            assertThat(table.conflicts()).isEmpty();
            Collections.shuffle(objects, new Random(seed));
            assertThat(FlowCompiler.compile(NodeView.of(objects), wiring)).isEqualTo(table);
        }
    }

    @Property(tries = 150)
    void packetsArriveWhereTheModelSays(@ForAll long seed) {
        Topology topology = RandomTopologies.of(seed);
        Oracle oracle = new Oracle(topology);
        List<Walk.Node> nodes = topology.compiled();
        Random random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            probe(topology, random)
                    .ifPresent(probe -> new Trial(topology, oracle, nodes, probe).run());
        }
    }

    @Property(tries = 150)
    void falsePacketsGoNowhere(@ForAll long seed) {
        Topology topology = RandomTopologies.of(seed);
        Walk walk = Walk.through(topology.compiled());
        Random random = new Random(seed);
        for (int i = 0; i < 20; i++) {
            Optional<Probe> drawn = probe(topology, random);
            if (drawn.isEmpty()) {
                continue;
            }
            Probe probe = drawn.get();
            NodePort port = topology.ports.get(probe.port());
            Mac mac = Mac.parse(port.getPort().getMacAddress());
            Mac other = Mac.parse("02:68:76:ff:00:01");
            Mac broadcast = new Mac(0xFFFF_FFFF_FFFFL);
            Address own = probe.source();
            Address stranger =
                    new Address(
                            own.v6(), own.bits().xor(BigInteger.valueOf(random.nextInt(1, 200))));
            if (Oracle.addresses(port).contains(stranger)) {
                continue;
            }
            List<Packet> packets = new ArrayList<>();
            packets.add(packet(probe, other, broadcast));
            packets.add(
                    packet(
                            new Probe(
                                    probe.port(),
                                    stranger,
                                    probe.target(),
                                    probe.protocol(),
                                    probe.number()),
                            mac,
                            broadcast));
            packets.add(packet(probe, mac, broadcast).with(Field.VLAN, 0x1000 | 100));
            if (own.v6()) {
                packets.add(Packet.neighbourSolicitation(other, own, probe.target()));
                packets.add(
                        Packet.neighbourSolicitation(mac, own, probe.target())
                                .with(Field.ND_SLL, other.bits()));
                packets.add(
                        Packet.neighbourSolicitation(mac, own, stranger)
                                .with(Field.ICMP6_TYPE, Icmp6.NEIGHBOUR_ADVERTISEMENT)
                                .with(Field.ND_TLL, mac.bits()));
                packets.add(
                        Packet.neighbourSolicitation(mac, own, own)
                                .with(Field.ICMP6_TYPE, Icmp6.ROUTER_ADVERTISEMENT));
            } else {
                packets.add(Packet.arpRequest(mac, stranger, probe.target()));
                packets.add(
                        Packet.arpRequest(mac, own, stranger).with(Field.ARP_SHA, other.bits()));
                packets.add(Packet.udp(mac, broadcast, own, probe.target(), 67, 68));
            }
            for (Packet packet : packets) {
                Trail trail = walk.fromPort(port.getPort().getNodeId(), probe.port(), packet);
                assertThat(trail.verdict())
                        .as("%s in %s", packet, trail)
                        .isEqualTo(Verdict.DROPPED);
            }
        }
    }

    private static Optional<Probe> probe(Topology topology, Random random) {
        List<NodePort> senders =
                topology.ports.values().stream()
                        .filter(port -> !port.getPort().getNodeId().isEmpty())
                        .toList();
        if (senders.isEmpty()) {
            return Optional.empty();
        }
        NodePort sender = senders.get(random.nextInt(senders.size()));
        List<Address> own = Oracle.addresses(sender);
        Address source = own.get(random.nextInt(own.size()));
        List<Address> targets = new ArrayList<>();
        topology.ports.values().forEach(port -> targets.addAll(Oracle.addresses(port)));
        targets.addAll(externalAddresses(topology));
        targets.add(OUTSIDE);
        targets.add(OUTSIDE6);
        targets.add(Address.parse("10.0.0.200"));
        targets.add(Address.parse("fd00:0::200"));
        targets.removeIf(target -> target.v6() != source.v6() || own.contains(target));
        String protocol = List.of("tcp", "udp", "icmp").get(random.nextInt(3));
        int number = protocol.equals("icmp") ? 0 : List.of(22, 80, 81, 500).get(random.nextInt(4));
        return Optional.of(
                new Probe(
                        sender.getPort().getId(),
                        source,
                        targets.get(random.nextInt(targets.size())),
                        protocol,
                        number));
    }

    private static List<Address> externalAddresses(Topology topology) {
        List<Address> addresses = new ArrayList<>();
        for (NodeFloatingIP floating : topology.floatingIps.values()) {
            addresses.add(Address.parse(floating.getFloatingIp().getFloatingIp()));
        }
        for (NodeRouter router : topology.routers.values()) {
            router.getRouter()
                    .getExternalGateway()
                    .getExternalFixedIpsList()
                    .forEach(fixed -> addresses.add(Address.parse(fixed.getIpAddress())));
        }
        return addresses;
    }

    private static String brief(Trail trail) {
        StringBuilder text = new StringBuilder();
        for (Trail.Hop hop : trail.hops()) {
            text.append(hop.nodeId())
                    .append(": ")
                    .append(hop.flow())
                    .append(" # ")
                    .append(hop.serves())
                    .append('\n');
        }
        trail.ends().forEach(end -> text.append(end).append('\n'));
        return text.toString();
    }

    private static Packet packet(Probe probe, Mac from, Mac to) {
        return switch (probe.protocol()) {
            case "tcp" ->
                    Packet.tcp(
                            from, to, probe.source(), probe.target(), SOURCE_PORT, probe.number());
            case "udp" ->
                    Packet.udp(
                            from, to, probe.source(), probe.target(), SOURCE_PORT, probe.number());
            default -> Packet.ping(from, to, probe.source(), probe.target());
        };
    }

    /** One packet, and the reply to it, on switches that remember nothing. */
    private record Trial(Topology topology, Oracle oracle, Walk walk, Probe probe) {
        Trial(Topology topology, Oracle oracle, List<Walk.Node> nodes, Probe probe) {
            this(topology, oracle, Walk.through(nodes), probe);
        }

        void run() {
            NodePort sender = topology.ports.get(probe.port());
            Fate fate = oracle.fate(probe);
            Statistics.label("fates").collect(fate.getClass().getSimpleName());
            Optional<Mac> hop = firstHop(sender, probe.source(), probe.target());
            if (hop.isEmpty()) {
                assertThat(fate)
                        .as("nobody answers for the first hop of %s", probe)
                        .isNotInstanceOfAny(Delivered.class, Answered.class);
                return;
            }
            Packet packet = packet(probe, mac(sender), hop.get());
            Trail trail =
                    converse(
                            sender,
                            packet,
                            fate instanceof Left left ? left.hop() : probe.target());
            check(fate, trail);
            if (fate instanceof Delivered delivered) {
                reply(delivered);
            }
        }

        private Trail send(NodePort from, Packet packet) {
            return walk.fromPort(from.getPort().getNodeId(), from.getPort().getId(), packet);
        }

        // Where a next hop is asked for, a physical host answers, or another node for its own.
        private Trail converse(NodePort from, Packet packet, Address hop) {
            Trail trail = send(from, packet);
            if (!waits(trail)) {
                return trail;
            }
            externalAddresses(topology).forEach(this::resolve);
            resolve(hop);
            return send(from, packet);
        }

        private static boolean waits(Trail trail) {
            return trail.ends().stream().anyMatch(end -> end.reason().startsWith("it waits"));
        }

        private void check(Fate fate, Trail trail) {
            String about = probe + "\n" + fate + "\n" + brief(trail);
            List<End> got =
                    trail.ends().stream()
                            .filter(end -> end.verdict() == Verdict.DELIVERED)
                            .toList();
            switch (fate) {
                case Delivered delivered -> {
                    assertThat(got).as(about).hasSize(1);
                    assertThat(got.get(0).where()).as(about).isEqualTo(delivered.port());
                    assertThat(source(got.get(0).packet())).as(about).isEqualTo(delivered.source());
                    assertThat(target(got.get(0).packet())).as(about).isEqualTo(delivered.target());
                }
                case Answered answered -> {
                    assertThat(got).as(about).hasSize(1);
                    assertThat(got.get(0).where()).as(about).isEqualTo(probe.port());
                    assertThat(source(got.get(0).packet())).as(about).isEqualTo(probe.target());
                    assertThat(target(got.get(0).packet())).as(about).isEqualTo(probe.source());
                }
                case Left left -> {
                    assertThat(trail.verdict()).as(about).isEqualTo(Verdict.LEFT);
                    assertThat(source(trail.ends().get(0).packet()))
                            .as(about)
                            .isEqualTo(left.source());
                }
                case Oracle.Unsure unsure -> {}
                case Dropped dropped ->
                        assertThat(trail.verdict()).as(about).isEqualTo(Verdict.DROPPED);
            }
        }

        private void reply(Delivered delivered) {
            NodePort receiver = topology.ports.get(delivered.port());
            if (!Oracle.addresses(receiver).contains(delivered.target())) {
                return;
            }
            Address from = delivered.target();
            Address to = delivered.source();
            Optional<Mac> hop = firstHop(receiver, from, to);
            boolean sameSide =
                    delivered.source().equals(probe.source())
                            && delivered.target().equals(probe.target());
            boolean translated =
                    !delivered.source().equals(probe.source())
                            && !delivered.target().equals(probe.target());
            if (hop.isEmpty() || !((sameSide && sameDomain(receiver)) || translated)) {
                return;
            }
            Probe back = new Probe(delivered.port(), from, to, probe.protocol(), SOURCE_PORT);
            Packet packet = packet(back, mac(receiver), hop.get());
            packet =
                    probe.protocol().equals("icmp")
                            ? packet.with(
                                    probe.source().v6() ? Field.ICMP6_TYPE : Field.ICMP_TYPE,
                                    probe.source().v6() ? Icmp6.ECHO_REPLY : 0)
                            : packet.with(Field.PORT_SRC, probe.number())
                                    .with(Field.PORT_DST, SOURCE_PORT);
            Trail trail = converse(receiver, packet, to);
            String about = "reply to " + probe + "\n" + delivered + "\n" + brief(trail);
            List<End> got =
                    trail.ends().stream()
                            .filter(end -> end.verdict() == Verdict.DELIVERED)
                            .toList();
            assertThat(got).as(about).hasSize(1);
            assertThat(got.get(0).where()).as(about).isEqualTo(probe.port());
            assertThat(source(got.get(0).packet())).as(about).isEqualTo(probe.target());
            assertThat(target(got.get(0).packet())).as(about).isEqualTo(probe.source());
        }

        // Between networks, only where one router joins both: others may have no way back.
        private boolean sameDomain(NodePort receiver) {
            String one = topology.ports.get(probe.port()).getPort().getNetworkId();
            String other = receiver.getPort().getNetworkId();
            Subnet from = oracle.subnet(one, probe.source()).orElseThrow();
            Subnet to = oracle.subnet(other, probe.target()).orElseThrow();
            return from.equals(to)
                    || topology.routers.values().stream()
                            .anyMatch(
                                    router ->
                                            router.getInterfacesList().stream()
                                                    .map(e -> e.getSubnetId())
                                                    .toList()
                                                    .containsAll(
                                                            List.of(from.getId(), to.getId())));
        }

        // As a guest finds it: by asking, on-link for the target, else for the gateway.
        private Optional<Mac> firstHop(NodePort sender, Address source, Address target) {
            Subnet subnet = oracle.subnet(sender.getPort().getNetworkId(), source).orElseThrow();
            Address hop =
                    Oracle.cidr(subnet).contains(target)
                            ? target
                            : Address.parse(subnet.getGatewayIp());
            if (!source.v6()) {
                return answers(send(sender, Packet.arpRequest(mac(sender), source, hop)));
            }
            Trail asked = send(sender, Packet.neighbourSolicitation(mac(sender), source, hop));
            return asked.ends().stream().anyMatch(end -> end.verdict() == Verdict.ANSWERED)
                    ? owner(sender.getPort().getNetworkId(), hop)
                    : Optional.empty();
        }

        private static Optional<Mac> answers(Trail trail) {
            return trail.ends().stream()
                    .filter(end -> end.verdict() == Verdict.ANSWERED)
                    .map(end -> new Mac(end.packet().get(Field.ARP_SHA).longValue()))
                    .findFirst();
        }

        private Optional<Mac> owner(String network, Address address) {
            Optional<Mac> port =
                    topology.ports.values().stream()
                            .filter(p -> p.getPort().getNetworkId().equals(network))
                            .filter(p -> Oracle.addresses(p).contains(address))
                            .map(Trial::mac)
                            .findFirst();
            return port.isPresent()
                    ? port
                    : topology.routers.values().stream()
                            .filter(
                                    r ->
                                            r
                                                    .getRouter()
                                                    .getExternalGateway()
                                                    .getExternalFixedIpsList()
                                                    .stream()
                                                    .anyMatch(
                                                            f ->
                                                                    Address.parse(f.getIpAddress())
                                                                            .equals(address)))
                            .map(r -> Mac.parse(r.getGatewayMac()))
                            .findFirst()
                            .or(() -> Optional.of(Mac.GATEWAY));
        }

        // What the agent asks, and what comes back: from another node or from a host outside.
        private void resolve(Address hop) {
            for (String physical : List.of("wan", "lan")) {
                Address asker = hop.v6() ? OUTSIDE6 : OUTSIDE;
                if (hop.v6()) {
                    continue;
                }
                Mac mac =
                        answers(walk.fromOutside(physical, Packet.arpRequest(UPSTREAM, asker, hop)))
                                .orElse(UPSTREAM);
                walk.fromOutside(
                        physical, Packet.arpRequest(mac, hop, asker).with(Field.ARP_OP, 2));
            }
        }

        private static Mac mac(NodePort port) {
            return Mac.parse(port.getPort().getMacAddress());
        }

        private static Address source(Packet packet) {
            return packet.has(Field.IP6_SRC)
                    ? new Address(true, packet.get(Field.IP6_SRC))
                    : new Address(false, packet.get(Field.IP_SRC));
        }

        private static Address target(Packet packet) {
            return packet.has(Field.IP6_DST)
                    ? new Address(true, packet.get(Field.IP6_DST))
                    : new Address(false, packet.get(Field.IP_DST));
        }
    }
}
