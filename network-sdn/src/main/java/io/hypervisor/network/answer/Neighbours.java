package io.hypervisor.network.answer;

import io.hypervisor.network.compiler.Directory.Neighbour;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Function;

/** Neighbour discovery of RFC 4861, and ARP as far as the node sends it by itself. */
final class Neighbours {
    private static final int SOLICITATION = 135;
    private static final int ADVERTISEMENT = 136;
    private static final int SOURCE_MAC = 1;
    private static final int TARGET_MAC = 2;
    private static final int ROUTER = 0x8000_0000;
    private static final int SOLICITED = 0x4000_0000;
    private static final int OVERRIDE = 0x2000_0000;
    private static final Address UNSPECIFIED = Address.parse("::");
    static final Address ALL_NODES = Address.parse("ff02::1");
    private static final Address SOLICITED_NODE = Address.parse("ff02::1:ff00:0");
    private static final long MULTICAST = 0x3333_0000_0000L;
    private static final Mac EVERYBODY = new Mac(0xFFFF_FFFF_FFFFL);
    private static final int TYPE_ARP = 0x0806;

    private Neighbours() {}

    /** The MAC address of a multicast address. */
    static Mac multicast(Address group) {
        return new Mac(MULTICAST | (group.bits().longValue() & 0xFFFF_FFFFL));
    }

    /** Who has the address that a solicitation asks for. */
    static Optional<IpPacket> answer(
            IpPacket packet, Function<Address, Optional<Neighbour>> neighbours) {
        ByteBuffer in = packet.payload().duplicate();
        boolean solicitation =
                packet.protocol() == IpPacket.ICMP6
                        && packet.hops() == IpPacket.NOT_FORWARDED
                        && Wire.i32(in) >>> 16 == SOLICITATION << 8;
        if (!solicitation) {
            return Optional.empty();
        }
        Wire.i32(in);
        Address target = Wire.ipv6(in);
        return neighbours.apply(target).map(found -> advertisement(packet, target, found));
    }

    private static IpPacket advertisement(IpPacket packet, Address target, Neighbour found) {
        // Who asks whether somebody has the address that it wants has none yet.
        return packet.from().equals(UNSPECIFIED)
                ? advertisement(target, found, 0, multicast(ALL_NODES), ALL_NODES)
                : advertisement(target, found, SOLICITED, packet.fromMac(), packet.from());
    }

    private static IpPacket advertisement(
            Address target, Neighbour found, int solicited, Mac toMac, Address to) {
        ByteBuffer out = ByteBuffer.allocate(32).putInt(ADVERTISEMENT << 24);
        out.putInt((found.router() ? ROUTER : 0) | solicited | OVERRIDE);
        Wire.put(out, target);
        link(out, TARGET_MAC, found.mac());
        return new IpPacket(
                found.mac(), toMac, target, to, IpPacket.ICMP6, IpPacket.NOT_FORWARDED, out.flip());
    }

    /** Tells everybody who has an address: an ARP request for itself, or an advertisement. */
    static ByteBuffer announcement(Address address, Neighbour found) {
        return address.v6()
                ? advertisement(address, found, 0, multicast(ALL_NODES), ALL_NODES).frame()
                : arp(found.mac(), address, address);
    }

    /** Writes the option of a MAC address. */
    static void link(ByteBuffer out, int option, Mac mac) {
        Wire.put(out.put((byte) option).put((byte) 1), mac);
    }

    /** Asks who has an IPv6 address. */
    static ByteBuffer solicitation(Mac from, Address target) {
        BigInteger low = target.bits().and(BigInteger.valueOf(0xFF_FFFF));
        Address group = new Address(true, SOLICITED_NODE.bits().or(low));
        ByteBuffer out = ByteBuffer.allocate(32).putInt(SOLICITATION << 24).putInt(0);
        Wire.put(out, target);
        link(out, SOURCE_MAC, from);
        return new IpPacket(
                        from,
                        multicast(group),
                        Address.linkLocal(from),
                        group,
                        IpPacket.ICMP6,
                        IpPacket.NOT_FORWARDED,
                        out.flip())
                .frame();
    }

    /** Asks by ARP who has an IPv4 address. */
    static ByteBuffer arp(Mac from, Address asker, Address target) {
        ByteBuffer out = ByteBuffer.allocate(42);
        Wire.put(Wire.put(out, EVERYBODY), from).putShort((short) TYPE_ARP);
        // Ethernet and IPv4, their lengths, a request.
        out.putShort((short) 1).putShort((short) 0x0800);
        out.put((byte) 6).put((byte) 4).putShort((short) 1);
        Wire.put(Wire.put(out, from), asker);
        Wire.put(Wire.put(out, new Mac(0)), target);
        return out.flip();
    }
}
