package io.hypervisor.core.config;

/** The configuration cannot be used; the message says where, what, and what is expected. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** An exception with a message for the operator. */
    public ConfigException(String message) {
        super(message);
    }

    /** A key's value is not what is expected. */
    public static ConfigException of(String key, Object value, String expected) {
        return new ConfigException(key + ": value: " + value + " (expected: " + expected + ")");
    }

    /** The same, of a record that is at this key of another. */
    ConfigException within(String path) {
        return path.isEmpty() ? this : new ConfigException(path + "." + getMessage());
    }
}
