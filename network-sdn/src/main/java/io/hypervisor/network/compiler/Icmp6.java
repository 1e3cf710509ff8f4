package io.hypervisor.network.compiler;

/** Types of ICMPv6. */
final class Icmp6 {
    static final int ECHO_REQUEST = 128;
    static final int ECHO_REPLY = 129;
    static final int MLD_QUERY = 130;
    static final int MLD_REPORT = 131;
    static final int MLD_DONE = 132;
    static final int ROUTER_SOLICITATION = 133;
    static final int ROUTER_ADVERTISEMENT = 134;
    static final int NEIGHBOUR_SOLICITATION = 135;
    static final int NEIGHBOUR_ADVERTISEMENT = 136;
    static final int REDIRECT = 137;
    static final int MLD2_REPORT = 143;

    private Icmp6() {}
}
