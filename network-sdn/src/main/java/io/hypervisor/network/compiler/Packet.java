package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.math.BigInteger;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** The header fields of a packet. What it does not have is absent. Immutable. */
public final class Packet {
    private static final int TTL = 64;

    private final Map<Field, BigInteger> fields;

    private Packet(Map<Field, BigInteger> fields) {
        this.fields = fields;
    }

    /** An ARP request for the owner of an address. */
    public static Packet arpRequest(Mac mac, Address own, Address wanted) {
        return frame(mac, new Mac(0xFFFF_FFFF_FFFFL), Match.ARP)
                .with(Field.ARP_OP, 1)
                .with(Field.ARP_SHA, mac.bits())
                .with(Field.ARP_SPA, own)
                .with(Field.ARP_THA, 0)
                .with(Field.ARP_TPA, wanted);
    }

    /** A neighbour solicitation for an address, to everybody who may have it. */
    public static Packet neighbourSolicitation(Mac mac, Address own, Address wanted) {
        BigInteger low = wanted.bits().and(BigInteger.valueOf(0xFF_FFFF));
        BigInteger group = new BigInteger("ff0200000000000000000001ff000000", 16).or(low);
        return icmp(
                        mac,
                        new Mac(0x3333_FF00_0000L | low.longValue()),
                        own,
                        new Address(true, group))
                .with(Field.TTL, 255)
                .with(Field.ICMP6_TYPE, Icmp6.NEIGHBOUR_SOLICITATION)
                .with(Field.ND_TARGET, wanted)
                .with(Field.ND_SLL, mac.bits());
    }

    /** An echo request. */
    public static Packet ping(Mac from, Mac to, Address source, Address target) {
        return icmp(from, to, source, target)
                .with(
                        source.v6() ? Field.ICMP6_TYPE : Field.ICMP_TYPE,
                        source.v6() ? Icmp6.ECHO_REQUEST : 8);
    }

    private static Packet icmp(Mac from, Mac to, Address source, Address target) {
        return ip(from, to, source, target, source.v6() ? Match.ICMP6 : Match.ICMP);
    }

    /** A TCP packet. */
    public static Packet tcp(
            Mac from, Mac to, Address source, Address target, int sourcePort, int targetPort) {
        return ip(from, to, source, target, Match.TCP)
                .with(Field.PORT_SRC, sourcePort)
                .with(Field.PORT_DST, targetPort);
    }

    /** A UDP packet. */
    public static Packet udp(
            Mac from, Mac to, Address source, Address target, int sourcePort, int targetPort) {
        return ip(from, to, source, target, Match.UDP)
                .with(Field.PORT_SRC, sourcePort)
                .with(Field.PORT_DST, targetPort);
    }

    private static Packet ip(Mac from, Mac to, Address source, Address target, int protocol) {
        boolean v6 = source.v6();
        return frame(from, to, v6 ? Match.IPV6 : Match.IPV4)
                .with(v6 ? Field.IP6_SRC : Field.IP_SRC, source)
                .with(v6 ? Field.IP6_DST : Field.IP_DST, target)
                .with(Field.IP_PROTO, protocol)
                .with(Field.TTL, TTL);
    }

    private static Packet frame(Mac from, Mac to, int type) {
        return new Packet(Map.of())
                .with(Field.VLAN, 0)
                .with(Field.ETH_SRC, from.bits())
                .with(Field.ETH_DST, to.bits())
                .with(Field.ETH_TYPE, type);
    }

    static Packet of(Map<Field, BigInteger> fields) {
        return new Packet(Collections.unmodifiableMap(fields));
    }

    /** This packet with another value of a field. */
    public Packet with(Field field, long value) {
        return with(field, BigInteger.valueOf(value));
    }

    /** This packet with another value of a field. */
    public Packet with(Field field, Address address) {
        return with(field, address.bits());
    }

    private Packet with(Field field, BigInteger value) {
        Map<Field, BigInteger> more = new EnumMap<>(Field.class);
        more.putAll(fields);
        more.put(field, value);
        return of(more);
    }

    /** The value of a field, 0 where it is absent. */
    public BigInteger get(Field field) {
        return fields.getOrDefault(field, BigInteger.ZERO);
    }

    /** Whether it has the field. */
    public boolean has(Field field) {
        return fields.containsKey(field);
    }

    Map<Field, BigInteger> fields() {
        return fields;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Packet packet && packet.fields.equals(fields);
    }

    @Override
    public int hashCode() {
        return fields.hashCode();
    }

    /** As ofproto/trace reads it. */
    @Override
    public String toString() {
        return Flow.condition(
                fields.entrySet().stream()
                        .filter(e -> e.getKey() != Field.VLAN || e.getValue().signum() > 0)
                        .map(e -> new Match(e.getKey(), e.getValue(), e.getKey().ones()))
                        .toList());
    }
}
