package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Trail.End;
import io.hypervisor.network.compiler.Trail.Hop;

import java.util.ArrayList;
import java.util.List;

/** A trail while it is walked. */
final class Steps {
    // As the switch: a packet that goes round and round is dropped.
    private static final int MOST = 4096;

    private final List<Hop> hops = new ArrayList<>();
    private final List<End> ends = new ArrayList<>();
    private boolean concerned;

    void hop(Hop hop) {
        if (hops.size() == MOST) {
            throw new IllegalStateException("a packet has met " + MOST + " flows");
        }
        hops.add(hop);
    }

    void end(End end) {
        concerned = true;
        ends.add(end);
    }

    /** The node has no use for what came from elsewhere. */
    void ignored(End end) {
        ends.add(end);
    }

    void add(Steps others) {
        concerned |= others.concerned;
        hops.addAll(others.hops);
        ends.addAll(others.ends);
    }

    /** Something was done to it, or it was dropped for a reason. */
    boolean concerned() {
        return concerned;
    }

    Trail trail() {
        return new Trail(List.copyOf(hops), List.copyOf(ends));
    }
}
