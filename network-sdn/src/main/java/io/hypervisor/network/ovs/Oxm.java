package io.hypervisor.network.ovs;

import io.hypervisor.network.compiler.Field;

/**
 * A field as OpenFlow's messages name it.
 *
 * @param header its number, with the length of its value
 * @param bytes that length
 */
record Oxm(int header, int bytes) {
    /** The number of a VLAN, with a bit that says that there is one. */
    static final Oxm VLAN_ID = basic(6, 2);

    private static final int HAS_MASK = 1 << 8;
    private static final int REGISTERS = 111;

    /** The interface that a packet came from, where it is written: of OpenFlow 1.0, 16 bits. */
    static final Oxm IN_PORT_WRITTEN = new Oxm(2, 2);

    /** Of OpenFlow 1.2 and later. */
    private static Oxm basic(int number, int bytes) {
        return new Oxm(0x8000 << 16 | number << 9 | bytes, bytes);
    }

    /** Of Open vSwitch. */
    private static Oxm nicira(int number, int bytes) {
        return new Oxm(1 << 16 | number << 9 | bytes, bytes);
    }

    /** The header that says that a mask follows the value. */
    int masked() {
        return header + bytes | HAS_MASK;
    }

    static Oxm of(Field field) {
        return of(field, false);
    }

    /**
     * A field.
     *
     * @param udp ports are those of UDP; else of TCP
     */
    static Oxm of(Field field, boolean udp) {
        return switch (field) {
            case IN_PORT -> basic(0, 4);
            case TUNNEL_ID -> basic(38, 8);
            case TUNNEL_TARGET -> nicira(32, 4);
            case TUNNEL_TARGET6 -> nicira(110, 16);
            case CT_STATE -> nicira(105, 4);
            case CT_MARK -> nicira(107, 4);
            case CONJUNCTION -> nicira(37, 4);
            case NETWORK -> nicira(0, 4);
            case SOURCE -> nicira(1, 4);
            case SOURCE_ZONE -> nicira(2, 4);
            case TARGET -> nicira(3, 4);
            case TARGET_ZONE -> nicira(4, 4);
            case ORIGIN -> nicira(5, 4);
            case ROUTER -> nicira(6, 4);
            case QUESTION -> nicira(7, 4);
            case NEXT_HOP -> nicira(8, 4);
            case FOUND -> nicira(9, 4);
            case ASKER -> nicira(10, 4);
            case NEXT_HOP6 -> nicira(REGISTERS + 3, 16);
            // Of OpenFlow 1.0: 16 bits.
            case VLAN -> new Oxm(4 << 9 | 2, 2);
            case ETH_SRC -> basic(4, 6);
            case ETH_DST -> basic(3, 6);
            case ETH_TYPE -> basic(5, 2);
            case IP_SRC -> basic(11, 4);
            case IP_DST -> basic(12, 4);
            case IP6_SRC -> basic(26, 16);
            case IP6_DST -> basic(27, 16);
            case IP_PROTO -> basic(10, 1);
            case TTL -> nicira(29, 1);
            case PORT_SRC -> basic(udp ? 15 : 13, 2);
            case PORT_DST -> basic(udp ? 16 : 14, 2);
            case ICMP_TYPE -> basic(19, 1);
            case ICMP6_TYPE -> basic(29, 1);
            case ND_TARGET -> basic(31, 16);
            case ND_SLL -> basic(32, 6);
            case ND_TLL -> basic(33, 6);
            case ARP_OP -> basic(21, 2);
            case ARP_SPA -> basic(22, 4);
            case ARP_TPA -> basic(23, 4);
            case ARP_SHA -> basic(24, 6);
            case ARP_THA -> basic(25, 6);
        };
    }
}
