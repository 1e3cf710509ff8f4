package io.hypervisor.network.compiler;

/**
 * What the switch asks of the node's agent: values of {@link Field#QUESTION}, which a packet-in
 * carries with the other registers.
 */
public enum Question {
    /** A DHCP request of the port {@link Field#SOURCE}. */
    DHCP4(1),
    /** A DHCPv6 request of the port. */
    DHCP6(2),
    /** A router solicitation of the port. */
    ROUTER(3),
    /**
     * A neighbour solicitation for an address that this node knows; the asker may be a physical
     * host.
     */
    NEIGHBOUR(4),
    /** A DNS query of the port to its subnet's gateway address. */
    DNS(5),
    /**
     * A routed IP packet whose next hop's MAC address is not known: ask for it in {@link
     * Field#NETWORK} by ARP or neighbour solicitation from the packet's source MAC address (and,
     * for ARP, in the name of {@link Field#ASKER}). The switch learns from the answer by itself.
     */
    NEXT_HOP(6);

    private final int code;

    Question(int code) {
        this.code = code;
    }

    /** The question of a register's value. */
    public static Question of(int code) {
        for (Question question : values()) {
            if (question.code == code) {
                return question;
            }
        }
        throw new IllegalArgumentException("question: " + code + " (expected: 1 to 6)");
    }

    /** Its value in the register. */
    public int code() {
        return code;
    }
}
