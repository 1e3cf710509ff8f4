package io.hypervisor.agent.driver.containerd;

import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Debian's docker-registry over one folder: one that asks nothing, one that asks for a password,
 * and one that asks for a token of a small token service. User alice, password secret.
 */
public final class TestRegistry implements AutoCloseable {
    public static final String USER = "alice:secret";
    // Of "secret".
    private static final String HASH =
            "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
    private static final String SERVICE = "test-registry";

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final HttpServer tokens;
    private final PrivateKey key;
    private final Certificate certificate;
    private final String open;
    private final String basic;
    private final String token;

    public TestRegistry() {
        try {
            folder = Files.createTempDirectory("hv-registry");
            KeyStore store = store();
            key = (PrivateKey) store.getKey("k", "secret".toCharArray());
            certificate = store.getCertificate("k");
            Path pem = folder.resolve("root.pem");
            Files.writeString(
                    pem,
                    "-----BEGIN CERTIFICATE-----\n"
                            + Base64.getMimeEncoder().encodeToString(certificate.getEncoded())
                            + "\n-----END CERTIFICATE-----\n");
            tokens = HttpServer.create(new InetSocketAddress(loopback(), 0), 0);
            serveTokens();
            Path htpasswd = Files.writeString(folder.resolve("htpasswd"), "alice:" + HASH + "\n");
            open = start("");
            basic = start("auth: {htpasswd: {realm: test, path: \"%s\"}}".formatted(htpasswd));
            token =
                    start(
                            "auth: {token: {realm: \"http://%s/token\", service: %s, issuer: test, rootcertbundle: \"%s\"}}"
                                    .formatted(tokenHost(), SERVICE, pem));
        } catch (IOException | GeneralSecurityException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static InetAddress loopback() {
        return InetAddress.getLoopbackAddress();
    }

    private KeyStore store() throws IOException, GeneralSecurityException, InterruptedException {
        Path file = folder.resolve("keys");
        int status =
                new ProcessBuilder(
                                System.getProperty("java.home") + "/bin/keytool",
                                "-genkeypair",
                                "-alias",
                                "k",
                                "-keyalg",
                                "RSA",
                                "-dname",
                                "CN=test",
                                "-storepass",
                                "secret",
                                "-keystore",
                                file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("keytool.log").toFile())
                        .start()
                        .waitFor();
        if (status != 0) {
            throw new IllegalStateException(Files.readString(folder.resolve("keytool.log")));
        }
        return KeyStore.getInstance(file.toFile(), "secret".toCharArray());
    }

    private void serveTokens() {
        String expected =
                "Basic "
                        + Base64.getEncoder().encodeToString(USER.getBytes(StandardCharsets.UTF_8));
        tokens.createContext(
                "/token",
                exchange -> {
                    boolean known =
                            expected.equals(exchange.getRequestHeaders().getFirst("Authorization"));
                    byte[] answer =
                            "{\"token\": \"%s\"}"
                                    .formatted(known ? jwt(exchange.getRequestURI()) : "")
                                    .getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(known ? 200 : 401, answer.length);
                    exchange.getResponseBody().write(answer);
                    exchange.close();
                });
        tokens.start();
    }

    private String jwt(URI asked) {
        String name = asked.getQuery().replaceAll(".*scope=repository:([^:]*):.*", "$1");
        long now = Instant.now().getEpochSecond();
        try {
            String header =
                    "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5c\":[\"%s\"]}"
                            .formatted(
                                    Base64.getEncoder().encodeToString(certificate.getEncoded()));
            String claims =
                    """
                    {"iss":"test","sub":"alice","aud":"%s","exp":%d,"nbf":%d,"iat":%d,"jti":"1",
                     "access":[{"type":"repository","name":"%s","actions":["pull"]}]}\
                    """
                            .formatted(SERVICE, now + 300, now - 60, now, name);
            String body =
                    url(header.getBytes(StandardCharsets.UTF_8))
                            + "."
                            + url(claims.getBytes(StandardCharsets.UTF_8));
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key);
            signature.update(body.getBytes(StandardCharsets.US_ASCII));
            return body + "." + url(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private String start(String auth) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, loopback())) {
            port = socket.getLocalPort();
        }
        String host = "127.0.0.1:" + port;
        Path config = folder.resolve(port + ".yml");
        Files.writeString(
                config,
                """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: "%s/data"}}
                http: {addr: "%s"}
                %s
                """
                        .formatted(folder, host, auth));
        processes.add(
                new ProcessBuilder("docker-registry", "serve", config.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve(port + ".log").toFile())
                        .start());
        await().atMost(Duration.ofSeconds(30)).ignoreExceptions().until(() -> status(host) > 0);
        return host;
    }

    private int status(String host) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + host + "/v2/")).build();
        return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    /** Asks nothing. */
    public String open() {
        return open;
    }

    /** Asks for a password. */
    public String basic() {
        return basic;
    }

    /** Asks for a token. */
    public String token() {
        return token;
    }

    public String tokenHost() {
        return "127.0.0.1:" + tokens.getAddress().getPort();
    }

    /** Puts an image there under tag 1. */
    public void push(String name, TestImage image) {
        byte[] manifest = image.manifest("sh");
        for (Map.Entry<String, byte[]> blob : image.blobs().entrySet()) {
            String at =
                    send(
                            "POST",
                            "http://" + open + "/v2/" + name + "/blobs/uploads/",
                            "",
                            new byte[0]);
            send(
                    "PUT",
                    at + (at.contains("?") ? "&" : "?") + "digest=" + blob.getKey(),
                    "application/octet-stream",
                    blob.getValue());
        }
        send(
                "PUT",
                "http://" + open + "/v2/" + name + "/manifests/1",
                "application/vnd.oci.image.manifest.v1+json",
                manifest);
    }

    private String send(String method, String uri, String type, byte[] body) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(uri))
                        .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        if (!type.isEmpty()) {
            request.header("Content-Type", type);
        }
        try {
            HttpResponse<String> response =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() / 100 != 2) {
                throw new IllegalStateException(uri + ": " + response.body());
            }
            return response.headers().firstValue("Location").orElse("");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        processes.forEach(process -> process.destroyForcibly().onExit().join());
        tokens.stop(0);
        http.close();
        ContainerdDaemon.run("rm", "-rf", "--one-file-system", folder);
    }
}
