package io.hypervisor.network.compiler;

import java.util.Comparator;
import java.util.List;

/** What became of a packet: the flows that it met in order, and where it and its copies ended. */
public record Trail(List<Hop> hops, List<End> ends) {
    /** The better one first: what a sender would call the outcome. */
    public enum Verdict {
        /** A port got it. */
        DELIVERED,
        /** The network answered itself. */
        ANSWERED,
        /** It left through a physical network. */
        LEFT,
        /** Nobody got it. */
        DROPPED
    }

    /**
     * One flow that it met.
     *
     * @param flow as {@link Flow#text}; empty: none matched
     * @param serves see {@link FlowTable#serves}
     * @param effect as a sentence
     */
    public record Hop(String nodeId, Stage stage, String flow, String serves, String effect) {}

    /**
     * Where a copy ended.
     *
     * @param where the port that got it or whose rules dropped it, or the physical network; empty
     *     for others
     * @param reason as a sentence
     * @param packet as it was there
     */
    public record End(Verdict verdict, String nodeId, String where, String reason, Packet packet) {}

    /** The best that happened to a copy. */
    public Verdict verdict() {
        return end().verdict();
    }

    /** Why, as a sentence. */
    public String reason() {
        return end().reason();
    }

    /** Where the copy ended that got furthest. */
    public End end() {
        return ends.stream()
                .min(Comparator.comparing(End::verdict))
                .orElseThrow(() -> new IllegalStateException("a packet has vanished: " + hops));
    }
}
