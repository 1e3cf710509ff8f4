package io.hypervisor.core.config;

import java.time.Duration;

/** The configuration cannot be used; the message says where, what, and what is expected. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** An exception with a message for the operator. */
    public ConfigException(String message) {
        super(message);
    }

    /** A key's value is not what is expected. */
    public static ConfigException of(String key, Object value, String expected) {
        Object written = value instanceof Duration time ? time.toMillis() + "ms" : value;
        return new ConfigException(key + ": value: " + written + " (expected: " + expected + ")");
    }

    /** The same, of a record that is at this key of another. */
    ConfigException within(String path) {
        return path.isEmpty() ? this : new ConfigException(path + "." + getMessage());
    }
}
