package io.hypervisor.controller.store;

/** The store could not do what it was asked. */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What is known about the effect. */
    public enum Kind {
        /** The term has ended; nothing was written. */
        FENCED,
        /** The store did not take the request; nothing was written. */
        UNAVAILABLE,
        /** It may have been written, or may yet be. */
        AMBIGUOUS
    }

    private final Kind kind;

    /** An exception of this kind; the cause may be null where there is none. */
    public StoreException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** What is known about the effect. */
    public Kind kind() {
        return kind;
    }
}
