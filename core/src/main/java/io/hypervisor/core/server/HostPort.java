package io.hypervisor.core.server;

/** Where to listen or to call, written "host:port", or "[ipv6]:port". */
public record HostPort(String host, int port) {
    /**
     * Reads the text form.
     *
     * @throws IllegalArgumentException if it is not of that form
     */
    public static HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            throw bad(text);
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (host.isEmpty() || port < 0 || port > 65535) {
                throw bad(text);
            }
            return new HostPort(host, port);
        } catch (NumberFormatException e) {
            throw bad(text);
        }
    }

    private static IllegalArgumentException bad(String text) {
        return new IllegalArgumentException(
                "value: " + text + " (expected: host:port, port between 0 and 65535)");
    }

    @Override
    public String toString() {
        return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
    }
}
