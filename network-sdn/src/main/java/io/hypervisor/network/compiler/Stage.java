package io.hypervisor.network.compiler;

/** The tables of the switch, in the order in which a packet that starts at a port meets them. */
public enum Stage {
    CLASSIFY(0, "classify", "the interface belongs to no port or network"),
    PORT_SECURITY(10, "port-security", "the port may not send from this address"),
    ND_SECURITY(12, "nd-security", "the port may not speak for this address"),
    LEARN(18, "learn", "not to be learned from"),
    ANSWER(20, "answer", "nobody has the address that is asked for"),
    ASK(22, "ask", "the port may not ask"),
    EGRESS_TRACK(30, "egress-track", "not to be tracked"),
    EGRESS(31, "egress", "no egress rule of the port allows it"),
    EGRESS_ALLOWED(32, "egress-allowed", "not to be committed"),
    SWITCH(40, "switch", "no port of the network has this MAC address"),
    FLOOD(41, "flood", "the network has no such part"),
    ROUTER(50, "router", "the router has no use for it"),
    ROUTE(51, "route", "the router has no route to the destination"),
    EXTERNAL(52, "external", "the router has no way out from here"),
    ENTER(53, "enter", "nobody here has the external address"),
    FORWARD(54, "forward", "the node that has the router's way out cannot be reached from here"),
    NEIGHBOUR(55, "neighbour", "nobody has the address of the next hop"),
    // Filled by the switch itself from answers that it sees; the compiler writes nothing here.
    LEARNED(56, "learned", "not learned yet"),
    RESOLVED(57, "resolved", "the next hop is not known"),
    INGRESS_TRACK(60, "ingress-track", "not to be tracked"),
    INGRESS(61, "ingress", "no ingress rule of the port allows it"),
    INGRESS_ALLOWED(62, "ingress-allowed", "not to be committed"),
    DELIVER(70, "deliver", "the port is not here");

    private final int table;
    private final String title;
    private final String miss;

    Stage(int table, String title, String miss) {
        this.table = table;
        this.title = title;
        this.miss = miss;
    }

    /** Its number in the switch. */
    public int table() {
        return table;
    }

    /** Its name in a trace. */
    public String title() {
        return title;
    }

    /** Why a packet is dropped that matches none of its flows. */
    String miss() {
        return miss;
    }

    /** Its flows come and go in the switch by themselves: leave them alone. */
    public boolean learned() {
        return this == LEARNED;
    }
}
