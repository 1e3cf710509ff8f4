package io.hypervisor.agent.journal;

/** A document that the journal must not accept; the message says which and why. */
public final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
        super(message);
    }
}
