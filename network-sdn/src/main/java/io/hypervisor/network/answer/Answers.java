package io.hypervisor.network.answer;

import io.hypervisor.network.compiler.Asked;
import io.hypervisor.network.compiler.Directory;
import io.hypervisor.network.compiler.Directory.Neighbour;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.Mac;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Answers the questions that a node's flows hand to it, from what the same view says. */
public final class Answers {
    private static final int TTL = 64;
    private static final int TYPE_VLAN = 0x8100;
    private static final int MACS_BYTES = 12;

    private final Directory directory;
    private final String domain;
    private final Map<String, Names> names = new ConcurrentHashMap<>();

    /**
     * Answers of one view.
     *
     * @param domain what the names of instances end in: "web" is also "web.DOMAIN"
     */
    public Answers(Directory directory, String domain) {
        this.directory = directory;
        this.domain = domain;
    }

    /**
     * What to do about a packet.
     *
     * @param inPort interface that it came in by
     */
    public List<Reply> answer(Asked asked, int inPort, ByteBuffer frame) {
        try {
            return List.copyOf(replies(asked, inPort, frame));
        } catch (Unreadable notWorthAnAnswer) {
            return List.of();
        }
    }

    private List<? extends Reply> replies(Asked asked, int inPort, ByteBuffer frame) {
        return switch (asked.question()) {
            case DHCP4 -> lease(asked, inPort, frame, false).stream().toList();
            case DHCP6 -> lease(asked, inPort, frame, true).stream().toList();
            case ROUTER -> router(asked, inPort, frame);
            case NEIGHBOUR -> neighbour(asked, inPort, frame).stream().toList();
            case DNS -> List.of(dns(asked, inPort, frame));
            case NEXT_HOP -> nextHop(asked, frame).stream().toList();
        };
    }

    private Optional<Reply.Send> lease(Asked asked, int inPort, ByteBuffer frame, boolean v6) {
        return asked.port()
                .flatMap(port -> Lease.of(directory, port, v6, domain))
                .flatMap(
                        lease ->
                                v6
                                        ? Dhcp6.answer(lease, IpPacket.read(frame))
                                        : Dhcp4.answer(lease, IpPacket.read(frame)))
                .map(packet -> new Reply.Send(inPort, packet.frame()));
    }

    private List<Reply.Send> router(Asked asked, int inPort, ByteBuffer frame) {
        return Routers.solicits(IpPacket.read(frame))
                ? advertisements(inPort, asked.network())
                : List.of();
    }

    private Optional<Reply.Send> neighbour(Asked asked, int inPort, ByteBuffer frame) {
        LogicalNetwork network = asked.network();
        return Neighbours.answer(
                        IpPacket.read(frame),
                        target -> directory.neighbour(network, target, asked.physical()))
                .map(IpPacket::frame)
                .map(reply -> asked.physical() ? tagged(network, reply) : reply)
                .map(reply -> new Reply.Send(inPort, reply));
    }

    private Reply dns(Asked asked, int inPort, ByteBuffer frame) {
        IpPacket packet = IpPacket.read(frame);
        ByteBuffer query = Datagram.read(packet).data();
        LogicalNetwork network = asked.network();
        return switch (Dns.answer(query, names(network))) {
            case Dns.Verdict.Local(ByteBuffer message) ->
                    new Reply.Send(inPort, back(packet, message));
            case Dns.Verdict.Foreign() ->
                    new Reply.Forward(inPort, network.source().getMtu(), packet, query);
        };
    }

    private Names names(LogicalNetwork network) {
        return names.computeIfAbsent(
                network.id(),
                id -> new Names(domain, directory.subnets(network), directory.ports(network)));
    }

    private Optional<Reply.Send> nextHop(Asked asked, ByteBuffer frame) {
        ByteBuffer in = frame.duplicate();
        Wire.mac(in);
        Mac from = Wire.mac(in);
        LogicalNetwork network = asked.network();
        return asked.nextHop()
                .filter(hop -> hop.v6() || asked.asker().isPresent())
                .map(
                        hop ->
                                hop.v6()
                                        ? Neighbours.solicitation(from, hop)
                                        : Neighbours.arp(from, asked.asker().orElseThrow(), hop))
                .flatMap(
                        question ->
                                directory
                                        .physical(network)
                                        .map(to -> new Reply.Send(to, tagged(network, question))));
    }

    /** The routers' advertisements for all local ports, which are due every now and then. */
    public List<Reply.Send> advertisements() {
        return directory.ports().entrySet().stream()
                .flatMap(
                        entry ->
                                advertisements(entry.getKey(), directory.network(entry.getValue()))
                                        .stream())
                .toList();
    }

    private List<Reply.Send> advertisements(int ofport, LogicalNetwork network) {
        return Routers.advertisements(directory, network, domain).stream()
                .map(packet -> new Reply.Send(ofport, packet.frame()))
                .toList();
    }

    /**
     * What tells the hosts and switches of physical networks where routers' addresses and floating
     * IPs are now, which is due when they have come to this node.
     */
    public List<Reply.Send> announcements() {
        List<Reply.Send> all = new ArrayList<>();
        directory
                .atThisNode()
                .forEach(
                        (network, addresses) ->
                                addresses.forEach(
                                        (address, found) ->
                                                directory
                                                        .physical(network)
                                                        .map(
                                                                to ->
                                                                        announcement(
                                                                                to, network,
                                                                                address, found))
                                                        .ifPresent(all::add)));
        return all;
    }

    private static Reply.Send announcement(
            int to, LogicalNetwork network, Address address, Neighbour found) {
        return new Reply.Send(to, tagged(network, Neighbours.announcement(address, found)));
    }

    /** A datagram's answer to where it came from. */
    static ByteBuffer back(IpPacket packet, ByteBuffer data) {
        Datagram asked = Datagram.read(packet);
        return new IpPacket(
                        packet.toMac(),
                        packet.fromMac(),
                        packet.to(),
                        packet.from(),
                        IpPacket.UDP,
                        TTL,
                        new Datagram(asked.to(), asked.from(), data).payload())
                .frame();
    }

    /** The frame with the network's tag, if it has one. */
    private static ByteBuffer tagged(LogicalNetwork network, ByteBuffer frame) {
        if (network.vlan() == 0) {
            return frame;
        }
        ByteBuffer out = ByteBuffer.allocate(frame.remaining() + 4);
        out.put(Wire.take(frame, MACS_BYTES));
        out.putShort((short) TYPE_VLAN).putShort((short) network.vlan());
        return out.put(frame).flip();
    }
}
