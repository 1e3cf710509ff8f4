package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

class TlsConfigTest {
    private static final char[] PASSWORD = "secret".toCharArray();

    @TempDir static Path dir;
    private static Path certificate;
    private static Path key;

    @BeforeAll
    static void files() throws Exception {
        Path store = dir.resolve("store.p12");
        String arguments =
                "-genkeypair -alias x -keyalg EC -dname CN=127.0.0.1 -ext san=ip:127.0.0.1"
                        + " -validity 36500 -storepass "
                        + new String(PASSWORD);
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + "/bin/keytool");
        command.addAll(List.of(arguments.split(" ")));
        command.addAll(List.of("-keystore", store.toString()));
        Process keytool = new ProcessBuilder(command).inheritIO().start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore keys = load(store);
        certificate = pem("a.crt", "CERTIFICATE", keys.getCertificate("x").getEncoded());
        key = pem("a.key", "PRIVATE KEY", keys.getKey("x", PASSWORD).getEncoded());
        mode(key, "rw-r-----");
    }

    private static KeyStore load(Path store) throws GeneralSecurityException, IOException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        return keys;
    }

    private static Path pem(String name, String kind, byte[] bytes) throws IOException {
        String text = Base64.getMimeEncoder().encodeToString(bytes);
        return Files.writeString(
                dir.resolve(name),
                "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    }

    private static void mode(Path file, String mode) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private static TlsConfig tls(Path certificate, Path key) {
        return new TlsConfig(Optional.of(certificate), Optional.of(key), Optional.empty());
    }

    @Test
    void aServerWithAnAuthorityServesThoseWhoShowItsCertificate() {
        TlsConfig tls =
                new TlsConfig(Optional.of(certificate), Optional.of(key), Optional.of(certificate));
        TlsConfig stranger =
                new TlsConfig(Optional.empty(), Optional.empty(), Optional.of(certificate));
        try (VirtualTasks tasks = new VirtualTasks();
                GrpcServer server =
                        new GrpcServer(
                                new HostPort("127.0.0.1", 0),
                                tls,
                                tasks,
                                new SimpleMeterRegistry(),
                                List.of(),
                                List.of(),
                                Duration.ofSeconds(1))) {
            assertThat(health(server, tls.client())).isEqualTo(ServingStatus.SERVING);
            assertThatThrownBy(() -> health(server, stranger.client()))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageContaining("UNAVAILABLE");
            assertThatThrownBy(() -> health(server, InsecureChannelCredentials.create()))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageContaining("UNAVAILABLE");
        }
    }

    private static ServingStatus health(GrpcServer server, ChannelCredentials credentials) {
        ManagedChannel channel =
                Grpc.newChannelBuilderForAddress("127.0.0.1", server.port(), credentials).build();
        try {
            return HealthGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(30, TimeUnit.SECONDS)
                    .check(HealthCheckRequest.getDefaultInstance())
                    .getStatus();
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void certificateAndKeyGoTogether() {
        assertThatThrownBy(
                        () ->
                                new TlsConfig(
                                        Optional.of(certificate),
                                        Optional.empty(),
                                        Optional.empty()))
                .hasMessageContaining("private_key: missing");
        assertThatThrownBy(
                        () -> new TlsConfig(Optional.empty(), Optional.of(key), Optional.empty()))
                .hasMessageContaining("certificate: missing");
    }

    @Test
    void filesThatCannotBeUsedAreNamed() throws IOException {
        Path garbage = Files.writeString(dir.resolve("garbage"), "nothing");
        Path absent = dir.resolve("absent");
        assertThatThrownBy(() -> tls(absent, key))
                .hasMessage(
                        "certificate: value: "
                                + absent
                                + " (expected: a file that this process can read)");
        assertThatThrownBy(() -> tls(certificate, dir)).hasMessageContaining("private_key");
        assertThatThrownBy(() -> tls(garbage, key))
                .hasMessageContaining("certificate: value: " + garbage);
        mode(garbage, "rw-------");
        assertThatThrownBy(() -> tls(certificate, garbage)).hasMessageContaining("in PEM");
        assertThatThrownBy(
                        () ->
                                new TlsConfig(
                                        Optional.empty(), Optional.empty(), Optional.of(garbage)))
                .hasMessageContaining("ca: value: " + garbage);
    }

    @Test
    void aKeyThatEverybodyCanReadIsRefused() throws IOException {
        Path open = Files.copy(key, dir.resolve("open.key"));
        mode(open, "rw-r--r--");
        assertThatThrownBy(() -> tls(certificate, open))
                .hasMessageContaining("private_key: value: " + open)
                .hasMessageContaining("chmod o=");
    }
}
