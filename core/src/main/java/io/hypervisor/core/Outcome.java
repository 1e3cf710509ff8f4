package io.hypervisor.core;

import java.time.Duration;

/** What a reconciler says of a key after one pass. */
public sealed interface Outcome {
    /** Nothing is left to do until something changes. */
    record Done() implements Outcome {}

    /** Look again after this time, even if nothing changes. */
    record Again(Duration after) implements Outcome {}

    /** Cannot go on until something changes, for this reason; looked at again with backoff. */
    record Blocked(String reason) implements Outcome {}

    /** Nothing is left to do. */
    static Outcome done() {
        return new Done();
    }

    /** Look again after this time. */
    static Outcome again(Duration after) {
        return new Again(after);
    }

    /** Cannot go on. */
    static Outcome blocked(String reason) {
        return new Blocked(reason);
    }
}
