package io.hypervisor.agent.registry;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;

import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** One host that speaks the registry's protocol, and what it lets us in with. */
final class Endpoint {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int MAX_TOKEN_BYTES = 256 << 10;
    private static final int UNAUTHORIZED = 401;
    private static final int OK = 200;

    private final String host;
    private final HttpClient http;
    private final RegistryConfig config;
    private final Credentials credentials;
    private volatile Optional<String> authorization = Optional.empty();

    Endpoint(String host, HttpClient http, RegistryConfig config, Credentials credentials) {
        this.host = host;
        this.http = http;
        this.config = config;
        this.credentials = credentials;
    }

    String host() {
        return host;
    }

    URI uri(String path) {
        return URI.create((config.isPlain(host) ? "http://" : "https://") + host + path);
    }

    /** Asks, and once more with what the answer wants to see. */
    HttpResponse<InputStream> get(URI uri, Map<String, String> headers) {
        Optional<String> shown = authorization;
        HttpResponse<InputStream> response = send(uri, headers, shown);
        if (response.statusCode() != UNAUTHORIZED) {
            return response;
        }
        discard(response);
        Challenge challenge =
                Challenge.of(response.headers().allValues("WWW-Authenticate"))
                        .orElseThrow(() -> denied("it asks for no kind of login that is known"));
        Optional<String> basic = credentials.basic(host);
        String answer =
                challenge.scheme().equals("bearer")
                        ? token(challenge, basic)
                        : basic.orElseThrow(() -> denied("it wants a name and a password"));
        if (challenge.scheme().equals("basic") && shown.equals(basic)) {
            throw denied("it does not accept the name and password of auth_file");
        }
        authorization = Optional.of(answer);
        return send(uri, headers, authorization);
    }

    DriverException denied(String why) {
        return DriverException.permanent("registry " + host + " denies access: " + why);
    }

    /** Goes where a registry keeps its blobs; what it lets us in with is for itself alone. */
    HttpResponse<InputStream> follow(URI uri, Map<String, String> headers) {
        boolean itself =
                host.equals(uri.getRawAuthority())
                        && uri("/").getScheme().equalsIgnoreCase(uri.getScheme());
        return send(uri, headers, itself ? authorization : Optional.empty());
    }

    private HttpResponse<InputStream> send(
            URI uri, Map<String, String> headers, Optional<String> shown) {
        HttpRequest.Builder request = HttpRequest.newBuilder(checked(uri)).timeout(PATIENCE);
        headers.forEach(request::header);
        shown.ifPresent(value -> request.header("Authorization", value));
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            throw DriverException.passing(
                    "registry " + host + ": no answer from " + uri.getAuthority(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DriverException.passing("the agent stops", e);
        }
    }

    private URI checked(URI uri) {
        boolean plain =
                "http".equalsIgnoreCase(uri.getScheme()) && config.isPlain(uri.getRawAuthority());
        if ((!plain && !"https".equalsIgnoreCase(uri.getScheme()))
                || uri.getHost() == null
                || uri.getRawUserInfo() != null) {
            throw DriverException.permanent(
                    "registry "
                            + host
                            + ": names "
                            + uri.getScheme()
                            + "://"
                            + uri.getHost()
                            + (uri.getPort() < 0 ? "" : ":" + uri.getPort())
                            + " (expected: https, or a host of registries.plain_http)");
        }
        return uri;
    }

    private String token(Challenge challenge, Optional<String> basic) {
        String query =
                "service="
                        + URLEncoder.encode(challenge.get("service"), StandardCharsets.UTF_8)
                        + "&scope="
                        + URLEncoder.encode(challenge.get("scope"), StandardCharsets.UTF_8);
        String realm = challenge.get("realm");
        URI uri;
        try {
            uri = URI.create(realm + (realm.contains("?") ? "&" : "?") + query);
        } catch (IllegalArgumentException e) {
            throw denied("its realm is no address");
        }
        HttpResponse<InputStream> response = send(uri, Map.of(), basic);
        if (response.statusCode() != OK) {
            discard(response);
            throw response.statusCode() == UNAUTHORIZED || response.statusCode() == 403
                    ? denied(
                            basic.isPresent()
                                    ? "its token service does not accept the name and password of"
                                            + " auth_file"
                                    : "its token service wants a name and a password")
                    : unexpected("token", response.statusCode());
        }
        try {
            JsonObject answer = Manifest.json(body(response, MAX_TOKEN_BYTES));
            JsonElement token =
                    answer.has("token") ? answer.get("token") : answer.get("access_token");
            if (token == null) {
                throw denied("its token service gives no token");
            }
            return "Bearer " + token.getAsString();
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            // Without the cause, whose text may have a part of the token.
            throw denied("its token service's answer is not valid JSON");
        }
    }

    /** A status that nobody wants, as a failure that says whether to ask again. */
    DriverException unexpected(String what, int status) {
        String message = "registry " + host + ": " + what + ": status " + status;
        return switch (status) {
            case UNAUTHORIZED, 403 -> denied(what + ": status " + status);
            case 404 -> DriverException.permanent("registry " + host + " has no " + what);
            case 408, 425, 429 -> DriverException.passing(message, null);
            default ->
                    status >= 500
                            ? DriverException.passing(message, null)
                            : DriverException.permanent(message + " (expected: 200)");
        };
    }

    /** All of a small answer. */
    byte[] body(HttpResponse<InputStream> response, int most) {
        try (InputStream in = response.body()) {
            byte[] bytes = in.readNBytes(most + 1);
            if (bytes.length > most) {
                throw DriverException.permanent(
                        "registry " + host + ": an answer larger than " + most + " bytes");
            }
            return bytes;
        } catch (IOException e) {
            throw DriverException.passing("registry " + host + ": the answer broke off", e);
        }
    }

    static void discard(HttpResponse<InputStream> response) {
        try {
            response.body().close();
        } catch (IOException e) {
            throw DriverException.passing("the answer cannot be closed", e);
        }
    }
}
