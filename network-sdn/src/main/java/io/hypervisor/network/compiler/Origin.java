package io.hypervisor.network.compiler;

/** Where a packet came from: values of {@link Field#ORIGIN}. */
enum Origin {
    /** A port of this node, or a router that runs on it. */
    HERE(0),
    /** Another node, or a physical host that uses this node as its router. */
    ELSEWHERE(1),
    /** A physical network; for a router, the world outside of the cluster. */
    PHYSICAL(2);

    private final int code;

    Origin(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
