package io.hypervisor.agent.driver;

/** A driver could not do what it was asked; the message is fit for an instance's state_reason. */
public final class DriverException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean permanent;

    private DriverException(String message, Throwable cause, boolean permanent) {
        super(message, cause);
        this.permanent = permanent;
    }

    /** The same call cannot succeed: the spec or the node has to change first. */
    public static DriverException permanent(String message) {
        return new DriverException(message, null, true);
    }

    /** The same call may succeed later. */
    public static DriverException passing(String message, Throwable cause) {
        return new DriverException(message, cause, false);
    }

    /** Whether the same call cannot succeed. */
    public boolean isPermanent() {
        return permanent;
    }
}
