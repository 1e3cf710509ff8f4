package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.math.BigInteger;

/** A field of a packet or of what the switch knows of it. In the order in which flows show them. */
public enum Field {
    IN_PORT("in_port", 32, Form.DECIMAL),
    TUNNEL_ID("tun_id", 64, Form.HEX),
    TUNNEL_TARGET("tun_dst", 32, Form.IPV4),
    TUNNEL_TARGET6("tun_ipv6_dst", 128, Form.IPV6),
    CT_STATE("ct_state", 8, Form.CT_STATE),
    CT_MARK("ct_mark", 32, Form.HEX),
    CONJUNCTION("conj_id", 32, Form.DECIMAL),

    /**
     * The network that the packet is in: its VNI, or the patch port and VLAN with the top bit set.
     */
    NETWORK("reg0", 32, Form.HEX),
    /** Interface of the local port that sent it; 0: it came from elsewhere. */
    SOURCE("reg1", 32, Form.HEX),
    /** Conntrack zone of that port. */
    SOURCE_ZONE("reg2", 32, Form.HEX),
    /** Interface of the local port that gets it. */
    TARGET("reg3", 32, Form.HEX),
    /** Conntrack zone of that port. */
    TARGET_ZONE("reg4", 32, Form.HEX),
    /** Where it came from: see {@link Origin}. */
    ORIGIN("reg5", 32, Form.HEX),
    /** The router that has it. */
    ROUTER("reg6", 32, Form.HEX),
    /** What the controller is asked: see {@link Question}. */
    QUESTION("reg7", 32, Form.HEX),
    /** IPv4 address that a router hands it to. */
    NEXT_HOP("reg8", 32, Form.HEX),
    /** 1: the switch has learned the MAC address of the next hop. */
    FOUND("reg9", 32, Form.HEX),
    /** IPv4 address in whose name the next hop's MAC address is asked for. */
    ASKER("reg10", 32, Form.HEX),
    /** IPv6 address that a router hands it to. */
    NEXT_HOP6("xxreg3", 128, Form.HEX),

    VLAN("vlan_tci", 13, Form.VLAN),
    ETH_SRC("dl_src", 48, Form.MAC),
    ETH_DST("dl_dst", 48, Form.MAC),
    ETH_TYPE("dl_type", 16, Form.HEX),
    IP_SRC("nw_src", 32, Form.IPV4),
    IP_DST("nw_dst", 32, Form.IPV4),
    IP6_SRC("ipv6_src", 128, Form.IPV6),
    IP6_DST("ipv6_dst", 128, Form.IPV6),
    IP_PROTO("nw_proto", 8, Form.DECIMAL),
    TTL("nw_ttl", 8, Form.DECIMAL),
    PORT_SRC("tp_src", 16, Form.PORT),
    PORT_DST("tp_dst", 16, Form.PORT),
    ICMP_TYPE("icmp_type", 8, Form.DECIMAL),
    ICMP6_TYPE("icmpv6_type", 8, Form.DECIMAL),
    ND_TARGET("nd_target", 128, Form.IPV6),
    ND_SLL("nd_sll", 48, Form.MAC),
    ND_TLL("nd_tll", 48, Form.MAC),
    ARP_OP("arp_op", 16, Form.DECIMAL),
    ARP_SPA("arp_spa", 32, Form.IPV4),
    ARP_TPA("arp_tpa", 32, Form.IPV4),
    ARP_SHA("arp_sha", 48, Form.MAC),
    ARP_THA("arp_tha", 48, Form.MAC);

    private enum Form {
        DECIMAL,
        HEX,
        PORT,
        MAC,
        IPV4,
        IPV6,
        VLAN,
        CT_STATE
    }

    private final String symbol;
    private final int width;
    private final Form form;

    Field(String symbol, int width, Form form) {
        this.symbol = symbol;
        this.width = width;
        this.form = form;
    }

    /** Its name in flows. */
    String symbol() {
        return symbol;
    }

    /** All its bits. */
    public BigInteger ones() {
        return BigInteger.ONE.shiftLeft(width).subtract(BigInteger.ONE);
    }

    /** The switch forgets it when the packet leaves the node. */
    boolean ofTheSwitch() {
        return compareTo(VLAN) < 0;
    }

    /** A value as flows show it. */
    String show(BigInteger value) {
        return switch (form) {
            case DECIMAL, PORT, CT_STATE -> value.toString();
            case HEX, VLAN -> "0x" + value.toString(16);
            case MAC -> new Mac(value.longValue()).toString();
            case IPV4 -> new Address(false, value).toString();
            case IPV6 -> new Address(true, value).toString();
        };
    }

    /** A condition as flows show it. */
    String show(BigInteger value, BigInteger mask) {
        if (form == Form.CT_STATE) {
            return symbol + "=" + CtState.show(value.intValue(), mask.intValue());
        }
        if (form == Form.VLAN) {
            return value.signum() == 0 ? "vlan_tci=0x0000/0x1fff" : "dl_vlan=" + value.clearBit(12);
        }
        if (mask.equals(ones())) {
            return symbol + "=" + show(value);
        }
        return switch (form) {
            case IPV4, IPV6 -> symbol + "=" + show(value) + "/" + mask.bitCount();
            case MAC -> symbol + "=" + show(value) + "/" + show(mask);
            case DECIMAL, HEX, PORT, VLAN, CT_STATE ->
                    symbol + "=0x" + value.toString(16) + "/0x" + mask.toString(16);
        };
    }
}
