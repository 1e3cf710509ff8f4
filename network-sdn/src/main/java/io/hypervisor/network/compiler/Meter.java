package io.hypervisor.network.compiler;

/**
 * A rate above which packets are dropped.
 *
 * @param rate in kbit/s, or in packets per second
 * @param burst in kbit, or in packets
 */
public record Meter(int id, boolean ofBits, long rate, long burst) implements Comparable<Meter> {
    private static final int PER_PORT = 4;
    private static final int FROM = 0;
    private static final int TO = 1;
    private static final int QUESTIONS = 2;
    // Of those that no port asks: no interface has the number 0.
    private static final int NODE_QUESTIONS = 1;
    // A guest asks a few questions when it starts, and a busy one resolves names.
    private static final int QUESTIONS_PER_SECOND = 200;

    static int from(int ofport) {
        return ofport * PER_PORT + FROM;
    }

    static int to(int ofport) {
        return ofport * PER_PORT + TO;
    }

    static Meter questions(int ofport) {
        return new Meter(
                ofport * PER_PORT + QUESTIONS, false, QUESTIONS_PER_SECOND, QUESTIONS_PER_SECOND);
    }

    static Meter nodeQuestions() {
        return new Meter(NODE_QUESTIONS, false, QUESTIONS_PER_SECOND, QUESTIONS_PER_SECOND);
    }

    /** A tenth of a second may pass at once, and never less than a few large packets. */
    static Meter bits(int id, long bitsPerSecond) {
        long kilobits = Math.max(1, bitsPerSecond / 1000);
        return new Meter(id, true, kilobits, Math.max(kilobits / 10, 600));
    }

    /** As ovs-ofctl reads it. */
    public String text() {
        return "meter="
                + id
                + ","
                + (ofBits ? "kbps" : "pktps")
                + ",burst,band=type=drop,rate="
                + rate
                + ",burst_size="
                + burst;
    }

    @Override
    public int compareTo(Meter other) {
        return Integer.compare(id, other.id);
    }
}
