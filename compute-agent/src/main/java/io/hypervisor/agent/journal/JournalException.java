package io.hypervisor.agent.journal;

/** The journal cannot be read or written; the message tells an operator what to do. */
public final class JournalException extends RuntimeException {
    private static final long serialVersionUID = 1;

    JournalException(String message) {
        super(message);
    }

    JournalException(String message, Throwable cause) {
        super(message, cause);
    }
}
