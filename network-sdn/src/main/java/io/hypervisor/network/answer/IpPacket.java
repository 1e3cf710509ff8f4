package io.hypervisor.network.answer;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.nio.ByteBuffer;

/**
 * An IP packet in an Ethernet frame without a tag.
 *
 * @param protocol {@link #UDP} or {@link #ICMP6}
 * @param payload beginning with the header of UDP or ICMPv6
 */
record IpPacket(
        Mac fromMac,
        Mac toMac,
        Address from,
        Address to,
        int protocol,
        int hops,
        ByteBuffer payload) {
    static final int UDP = 17;
    static final int ICMP6 = 58;

    /** What hosts have not forwarded, as neighbour discovery demands. */
    static final int NOT_FORWARDED = 255;

    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86DD;
    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int DO_NOT_FRAGMENT = 0x4000;
    private static final int UDP_CHECKSUM = 6;
    private static final int ICMP6_CHECKSUM = 2;

    static IpPacket read(ByteBuffer frame) {
        ByteBuffer in = frame.duplicate();
        Mac to = Wire.mac(in);
        Mac from = Wire.mac(in);
        return switch (Wire.u16(in)) {
            case TYPE_IPV4 -> readIpv4(from, to, in);
            case TYPE_IPV6 -> readIpv6(from, to, in);
            default -> throw new Unreadable("not an IP packet");
        };
    }

    private static IpPacket readIpv4(Mac fromMac, Mac toMac, ByteBuffer in) {
        int versionAndLength = Wire.u8(in);
        Wire.u8(in);
        int total = Wire.u16(in);
        Wire.u16(in);
        int fragment = Wire.u16(in);
        int ttl = Wire.u8(in);
        int protocol = Wire.u8(in);
        Wire.u16(in);
        Address from = Wire.ipv4(in);
        Address to = Wire.ipv4(in);
        int header = (versionAndLength & 0xF) * 4;
        if (versionAndLength >> 4 != 4 || (fragment & ~DO_NOT_FRAGMENT) != 0) {
            throw new Unreadable("not a whole IPv4 packet");
        }
        Wire.take(in, header - IPV4_BYTES);
        ByteBuffer payload = Wire.take(in, total - header);
        return new IpPacket(fromMac, toMac, from, to, protocol, ttl, payload);
    }

    private static IpPacket readIpv6(Mac fromMac, Mac toMac, ByteBuffer in) {
        if (Wire.i32(in) >>> 28 != 6) {
            throw new Unreadable("not an IPv6 packet");
        }
        int length = Wire.u16(in);
        int protocol = Wire.u8(in);
        int hops = Wire.u8(in);
        Address from = Wire.ipv6(in);
        Address to = Wire.ipv6(in);
        return new IpPacket(fromMac, toMac, from, to, protocol, hops, Wire.take(in, length));
    }

    /** The frame, with all lengths and checksums. */
    ByteBuffer frame() {
        int header = from.v6() ? IPV6_BYTES : IPV4_BYTES;
        ByteBuffer out = ByteBuffer.allocate(ETHERNET_BYTES + header + payload.remaining());
        Wire.put(out, toMac);
        Wire.put(out, fromMac);
        out.putShort((short) (from.v6() ? TYPE_IPV6 : TYPE_IPV4));
        if (from.v6()) {
            writeIpv6(out);
        } else {
            writeIpv4(out);
        }
        int start = out.position();
        out.put(payload.duplicate());
        int place = protocol == UDP ? UDP_CHECKSUM : ICMP6_CHECKSUM;
        out.putShort(start + place, (short) 0);
        out.putShort(start + place, transportChecksum(out.slice(start, payload.remaining())));
        return out.flip();
    }

    private void writeIpv4(ByteBuffer out) {
        int start = out.position();
        out.put((byte) 0x45).put((byte) 0);
        out.putShort((short) (IPV4_BYTES + payload.remaining()));
        out.putShort((short) 0).putShort((short) DO_NOT_FRAGMENT);
        out.put((byte) hops).put((byte) protocol).putShort((short) 0);
        Wire.put(out, from);
        Wire.put(out, to);
        short checksum = Wire.checksum(Wire.sum(out.slice(start, IPV4_BYTES)));
        out.putShort(start + 10, checksum);
    }

    private void writeIpv6(ByteBuffer out) {
        out.putInt(6 << 28);
        out.putShort((short) payload.remaining());
        out.put((byte) protocol).put((byte) hops);
        Wire.put(out, from);
        Wire.put(out, to);
    }

    private short transportChecksum(ByteBuffer data) {
        ByteBuffer addresses = ByteBuffer.allocate(2 * IPV6_BYTES);
        Wire.put(addresses, from);
        Wire.put(addresses, to);
        long sum = Wire.sum(addresses.flip()) + protocol + data.remaining() + Wire.sum(data);
        short checksum = Wire.checksum(sum);
        // In UDP, 0 says that there is none.
        return checksum == 0 && protocol == UDP ? (short) 0xFFFF : checksum;
    }
}
