package io.hypervisor.network.ovs;

/** The switch cannot do what it was asked now; the message is fit for a status_reason. */
public final class SwitchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    SwitchException(String message) {
        super(message);
    }

    SwitchException(String message, Throwable cause) {
        super(message, cause);
    }
}
