package io.hypervisor.core.config;

/** The configuration cannot be used; the message says where, what, and what is expected. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** An exception with a message for the operator. */
    public ConfigException(String message) {
        super(message);
    }
}
