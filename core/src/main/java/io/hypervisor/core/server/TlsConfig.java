package io.hypervisor.core.server;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Transport security. Without certificate and key the server speaks plain text; with {@code ca} it
 * asks for client certificates of that authority. All files are PEM.
 */
public record TlsConfig(Optional<Path> certificate, Optional<Path> privateKey, Optional<Path> ca) {
    /** Plain text. */
    public static TlsConfig none() {
        return new TlsConfig(Optional.empty(), Optional.empty(), Optional.empty());
    }
}
