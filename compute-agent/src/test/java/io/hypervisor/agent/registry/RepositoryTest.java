package io.hypervisor.agent.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

class RepositoryTest {
    private static final String EMPTY = Descriptor.sha256(new byte[0]);
    private static final Descriptor BLOB = new Descriptor("", Descriptor.sha256(new byte[9]), 9);

    private final VirtualTasks tasks = new VirtualTasks();
    private final Map<String, String> authorizations = new ConcurrentHashMap<>();
    private HttpServer registry;
    private HttpServer elsewhere;
    private volatile String manifest = "{}";
    @TempDir Path folder;

    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    @BeforeEach
    void serve() throws IOException {
        registry = server();
        elsewhere = server();
        on(registry, "/v2/a/manifests/", e -> send(e, 200, manifest));
    }

    @AfterEach
    void stop() {
        registry.stop(0);
        elsewhere.stop(0);
        tasks.close();
    }

    private static HttpServer server() throws IOException {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(any, 0);
        server.start();
        return server;
    }

    private void on(HttpServer server, String path, Answer answer) {
        server.createContext(
                path,
                exchange -> {
                    String shown = exchange.getRequestHeaders().getFirst("Authorization");
                    authorizations.put(host(server) + path, String.valueOf(shown));
                    answer.to(exchange);
                    exchange.close();
                });
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static String host(HttpServer server) {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    private Repository repository(Optional<Path> authFile, String... plain) {
        RegistryConfig config = new RegistryConfig(Map.of(), List.of(plain), authFile, 1000);
        Registries registries = new Registries(config, tasks);
        return registries.of(Reference.of(host(registry) + "/a:1")).getFirst();
    }

    private Repository repository() {
        return repository(Optional.empty(), host(registry), host(elsewhere));
    }

    private Path authFile(String mode) throws IOException {
        Path file = folder.resolve("auth.json");
        Files.writeString(
                file,
                """
                {"auths": {"https://%s/v1/": {"username": "u", "password": "hush"}}}\
                """
                        .formatted(host(registry)));
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private static String layers(int count, long size) {
        String layer =
                """
                {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "%s", "size": %d}\
                """
                        .formatted(EMPTY, size);
        return """
        {"config": {"digest": "%s", "size": 2}, "layers": [%s]}\
        """
                .formatted(EMPTY, String.join(",", Collections.nCopies(count, layer)));
    }

    private void assertRefused(String content, String words) {
        manifest = content;
        assertThatThrownBy(() -> repository().resolve("1"))
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isTrue())
                .hasMessageContaining(words);
    }

    @Test
    void manifestsAreBounded() {
        manifest = layers(2, 500);
        assertThat(repository().resolve("1").manifest().layers()).hasSize(2);
        assertRefused(layers(3, 500), "max_image_bytes");
        assertRefused(layers(1, Long.MAX_VALUE), "max_image_bytes");
        assertRefused(layers(1, -1), "size");
        assertRefused(layers(128, 0), "at most 127");
        assertRefused(layers(1, 0).replace("tar", "iso"), "expected: a tar");
        assertRefused(layers(1, 0).replace("sha256", "md5"), "digest");
        assertRefused(" ".repeat(Manifest.MAX_BYTES + 1), "larger than");
        for (String wrong :
                List.of("", "{}", "[]", "null", "{\"manifests\": 1}", "{\"config\": 1}")) {
            assertRefused(wrong, "manifest of a:1 cannot be used");
        }
        assertRefused("{\"manifests\": []}", "no part for linux/");
    }

    @Test
    void digestOfAManifestIsChecked() {
        manifest = layers(1, 1);
        assertThatThrownBy(() -> repository().resolve(EMPTY))
                .hasMessageContainingAll(
                        "found: " + Descriptor.sha256(manifest.getBytes(StandardCharsets.UTF_8)),
                        "expected: " + EMPTY);
    }

    @Test
    void passwordIsForItsHostAlone() throws IOException {
        on(
                registry,
                "/v2/a/blobs/",
                e -> {
                    if (e.getRequestHeaders().containsKey("Authorization")) {
                        e.getResponseHeaders()
                                .set("Location", "http://" + host(elsewhere) + "/store?x=y");
                        send(e, 307, "");
                    } else {
                        e.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"r\"");
                        send(e, 401, "");
                    }
                });
        on(elsewhere, "/store", e -> send(e, 200, "123456789"));
        Optional<Path> file = Optional.of(authFile("rw-------"));
        Repository.Transfer transfer =
                repository(file, host(registry), host(elsewhere)).blob(BLOB, 0);
        assertThat(transfer.bytes().readAllBytes()).hasSize(9);
        assertThat(authorizations.get(host(registry) + "/v2/a/blobs/")).startsWith("Basic ");
        assertThat(authorizations.get(host(elsewhere) + "/store")).isEqualTo("null");
        assertThatThrownBy(() -> repository(file, host(registry)).blob(BLOB, 0))
                .hasMessageContaining("expected: https");
    }

    @Test
    void tokensAreAskedForOverTlsOnly() {
        on(
                registry,
                "/v2/a/blobs/",
                e -> {
                    e.getResponseHeaders()
                            .set(
                                    "WWW-Authenticate",
                                    "Bearer realm=\"http://" + host(elsewhere) + "/t\",service=s");
                    send(e, 401, "");
                });
        assertThatThrownBy(() -> repository(Optional.empty(), host(registry)).blob(BLOB, 0))
                .hasMessageContaining("expected: https");
        assertThat(authorizations).doesNotContainKey(host(elsewhere) + "/t");
    }

    @Test
    void redirectsEnd() {
        on(
                registry,
                "/v2/a/blobs/",
                e -> {
                    e.getResponseHeaders().set("Location", e.getRequestURI().toString());
                    send(e, 302, "");
                });
        assertThatThrownBy(() -> repository().blob(BLOB, 0)).hasMessageContaining("more than 5");
    }

    @Test
    void otherSizeIsRefused() {
        on(registry, "/v2/a/blobs/", e -> send(e, 200, "12345678"));
        assertThatThrownBy(() -> repository().blob(BLOB, 0))
                .hasMessageContainingAll("size: found: 8", "expected: 9");
    }

    @Test
    void onlyTheOwnerMayReadPasswords() throws IOException {
        Path file = authFile("rw-r-----");
        assertThatThrownBy(() -> new Credentials(Optional.of(file)).basic(host(registry)))
                .hasMessageContainingAll("rw-r-----", "chmod 600")
                .hasMessageNotContaining("hush");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(new Credentials(Optional.of(file)).basic(host(registry))).isPresent();
        assertThat(new Credentials(Optional.of(file)).basic("other")).isEmpty();
        Files.writeString(file, "{\"auths\": {\"hush");
        assertThatThrownBy(() -> new Credentials(Optional.of(file)).basic("other"))
                .hasMessageContaining("not valid JSON")
                .hasMessageNotContaining("hush");
    }

    @Test
    void namesHaveParts() {
        assertThat(Reference.of("docker.io/library/busybox:latest"))
                .isEqualTo(new Reference("docker.io", "library/busybox", "latest"));
        assertThat(Reference.of("r:5000/a/b:1@" + EMPTY))
                .isEqualTo(new Reference("r:5000", "a/b", EMPTY));
        RegistryConfig config =
                new RegistryConfig(
                        Map.of("docker.io", List.of("m:1")), List.of(), Optional.empty(), 1);
        assertThat(config.hosts("docker.io")).containsExactly("m:1", "registry-1.docker.io");
        assertThat(config.hosts("r:5000")).containsExactly("r:5000");
    }

    @Test
    void challengesAreRead() {
        Challenge challenge =
                Challenge.of(
                                List.of(
                                        "Basic realm=\"x\"",
                                        "Bearer realm=\"https://a/t\",service=\"s\","
                                                + " scope=\"a:b,c\""))
                        .orElseThrow();
        assertThat(challenge.scheme()).isEqualTo("bearer");
        assertThat(challenge.get("scope")).isEqualTo("a:b,c");
        assertThat(Challenge.of(List.of("", "Digest x=y", "\u0000"))).isEmpty();
    }
}
