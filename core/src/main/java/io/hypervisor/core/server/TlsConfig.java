package io.hypervisor.core.server;

import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.NamedFile;
import io.netty.handler.ssl.SslContextBuilder;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;

import javax.net.ssl.SSLException;

/**
 * Transport security. Without certificate and key the server speaks plain text; with {@code ca} it
 * asks for client certificates of that authority. All files are PEM. They are checked when the
 * configuration is read, so that a mistake in one fails the start, and read again for each server
 * and channel.
 */
public record TlsConfig(Optional<Path> certificate, Optional<Path> privateKey, Optional<Path> ca) {
    /** Checks that the files can be used. */
    public TlsConfig {
        if (certificate.isPresent() != privateKey.isPresent()) {
            throw new ConfigException(
                    (certificate.isPresent() ? "private_key" : "certificate")
                            + ": missing (expected: certificate and private_key, or neither)");
        }
        ca.ifPresent(TlsConfig::checkAuthority);
        certificate.ifPresent(file -> checkPair(file, privateKey.get()));
    }

    /** Plain text. */
    public static TlsConfig none() {
        return new TlsConfig(Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static void checkAuthority(Path file) {
        NamedFile.readable("ca", file);
        try {
            SslContextBuilder.forClient().trustManager(file.toFile()).build();
        } catch (IllegalArgumentException | SSLException e) {
            throw ConfigException.of("ca", file, "certificates in PEM");
        }
    }

    private static void checkPair(Path certificate, Path key) {
        NamedFile.readable("certificate", certificate);
        NamedFile.secret("private_key", key);
        try {
            SslContextBuilder.forServer(certificate.toFile(), key.toFile()).build();
        } catch (IllegalArgumentException | SSLException e) {
            // Without the cause, whose text may have a part of the key.
            throw ConfigException.of(
                    "certificate",
                    certificate,
                    "certificates in PEM that go with private_key, a key of PKCS#8 in PEM");
        }
    }

    /** What a server with a certificate shows, and asks of its clients. */
    ServerCredentials server() {
        try {
            TlsServerCredentials.Builder builder =
                    TlsServerCredentials.newBuilder()
                            .keyManager(
                                    certificate.orElseThrow().toFile(),
                                    privateKey.orElseThrow().toFile());
            if (ca.isPresent()) {
                builder.trustManager(ca.get().toFile())
                        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE);
            }
            return builder.build();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** What a client shows, if it has a certificate, and whom it believes. */
    public ChannelCredentials client() {
        try {
            TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
            if (ca.isPresent()) {
                builder.trustManager(ca.get().toFile());
            }
            if (certificate.isPresent()) {
                builder.keyManager(certificate.get().toFile(), privateKey.orElseThrow().toFile());
            }
            return builder.build();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static UncheckedIOException unreadable(IOException e) {
        return new UncheckedIOException("cannot read the TLS files: " + e.getMessage(), e);
    }
}
