package io.hypervisor.console;

import java.util.Optional;

/**
 * A cluster that hvctl may talk to.
 *
 * @param server "host:port"
 * @param tls absent: plaintext
 */
record Context(String name, String server, Optional<Tls> tls) {

    /**
     * The files that secure a connection, PEM; relative ones count from the config file's folder.
     *
     * @param ca whom to trust; empty: what Java trusts
     * @param cert who we are; empty: nobody. With {@code key}
     */
    record Tls(String ca, String cert, String key) {}
}
