package io.hypervisor.network.answer;

/** A packet that is not what it should be. Gets no answer. */
final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unreadable(String what) {
        // Guests can cause any number of these: no stack trace.
        super(what, null, false, false);
    }
}
