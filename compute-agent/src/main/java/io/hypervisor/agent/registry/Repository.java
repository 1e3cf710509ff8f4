package io.hypervisor.agent.registry;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.protobuf.ByteString;

import io.hypervisor.agent.driver.DriverException;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The images of one name at one host. */
public final class Repository {
    private static final String DOCKER = "application/vnd.docker.distribution.manifest";
    private static final String OCI = "application/vnd.oci.image.";
    private static final String ACCEPT =
            String.join(
                    ", ",
                    OCI + "index.v1+json",
                    OCI + "manifest.v1+json",
                    DOCKER + ".list.v2+json",
                    DOCKER + ".v2+json");
    private static final int MAX_REDIRECTS = 5;
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-.*");

    private final String name;
    private final Endpoint endpoint;
    private final long maxImageBytes;

    /** A manifest or an index, with its bytes as the registry has them. */
    public record Document(Descriptor descriptor, ByteString content) {
        /** Its content. */
        public JsonObject json() {
            return Manifest.json(content.toByteArray());
        }
    }

    /**
     * What a name stands for.
     *
     * @param documents indexes and last the manifest, each chosen by the one before it
     */
    public record Found(List<Document> documents, Manifest manifest) {
        /** What the name itself stands for. */
        public Descriptor target() {
            return documents.getFirst().descriptor();
        }
    }

    /**
     * Bytes of a blob.
     *
     * @param offset of the first of them in the blob
     */
    public record Transfer(InputStream bytes, long offset) {}

    Repository(String name, Endpoint endpoint, long maxImageBytes) {
        this.name = name;
        this.endpoint = endpoint;
        this.maxImageBytes = maxImageBytes;
    }

    /** The host that is asked. */
    public String host() {
        return endpoint.host();
    }

    /** Finds the manifest for this machine, by a tag or a digest. */
    public Found resolve(String version) {
        try {
            List<Document> documents = new ArrayList<>();
            documents.add(document(version));
            Optional<Descriptor> next = Manifest.chosen(documents.getLast().json());
            while (next.isPresent()) {
                if (documents.size() > Manifest.MAX_INDEX_DEPTH) {
                    throw new JsonParseException("indexes of indexes");
                }
                documents.add(document(next.get().digest()));
                next = Manifest.chosen(documents.getLast().json());
            }
            Manifest manifest = Manifest.of(documents.getLast().json());
            manifest.check(maxImageBytes);
            return new Found(List.copyOf(documents), manifest);
        } catch (JsonParseException
                | IllegalStateException
                | UnsupportedOperationException
                | NumberFormatException e) {
            throw DriverException.permanent(
                    "registry %s: manifest of %s cannot be used: %s"
                            .formatted(host(), called(version), e.getMessage()));
        }
    }

    private String called(String version) {
        return name + (version.contains(":") ? "@" : ":") + version;
    }

    private Document document(String version) {
        URI uri = endpoint.uri("/v2/" + name + "/manifests/" + version);
        HttpResponse<InputStream> response = endpoint.get(uri, Map.of("Accept", ACCEPT));
        if (response.statusCode() != 200) {
            Endpoint.discard(response);
            throw endpoint.unexpected(called(version), response.statusCode());
        }
        byte[] bytes = endpoint.body(response, Manifest.MAX_BYTES);
        String digest = Descriptor.sha256(bytes);
        if (version.contains(":") && !version.equals(digest)) {
            throw DriverException.permanent(
                    "registry %s: %s is corrupt: digest: found: %s (expected: %s)"
                            .formatted(host(), called(version), digest, version));
        }
        String type = response.headers().firstValue("Content-Type").orElse("");
        return new Document(new Descriptor(type, digest, bytes.length), ByteString.copyFrom(bytes));
    }

    /** Begins to read a blob, from {@code offset} on if the host can do that. */
    public Transfer blob(Descriptor blob, long offset) {
        Map<String, String> headers =
                offset == 0 ? Map.of() : Map.of("Range", "bytes=" + offset + "-");
        String what = "blob " + blob.digest() + " of " + name;
        URI uri = endpoint.uri("/v2/" + name + "/blobs/" + blob.digest());
        HttpResponse<InputStream> response = endpoint.get(uri, headers);
        for (int hops = 0; isRedirect(response.statusCode()); hops++) {
            Endpoint.discard(response);
            if (hops == MAX_REDIRECTS) {
                throw DriverException.permanent(
                        "registry " + host() + ": " + what + ": sent on more than 5 times");
            }
            uri = target(uri, response);
            response = endpoint.follow(uri, headers);
        }
        long start =
                switch (response.statusCode()) {
                    case 200 -> 0;
                    case 206 -> start(response, offset);
                    default -> {
                        Endpoint.discard(response);
                        throw endpoint.unexpected(what, response.statusCode());
                    }
                };
        long length = response.headers().firstValueAsLong("Content-Length").orElse(-1);
        if (length >= 0 && length != blob.size() - start) {
            Endpoint.discard(response);
            throw DriverException.permanent(
                    "registry %s: %s: size: found: %d (expected: %d)"
                            .formatted(host(), what, start + length, blob.size()));
        }
        return new Transfer(response.body(), start);
    }

    private static boolean isRedirect(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private URI target(URI from, HttpResponse<InputStream> response) {
        try {
            return from.resolve(response.headers().firstValue("Location").orElse("::"));
        } catch (IllegalArgumentException e) {
            throw DriverException.permanent("registry " + host() + ": sends on to no address");
        }
    }

    private long start(HttpResponse<InputStream> response, long offset) {
        Matcher range =
                RANGE.matcher(response.headers().firstValue("Content-Range").orElse("none"));
        if (range.matches() && Long.parseLong(range.group(1)) == offset) {
            return offset;
        }
        Endpoint.discard(response);
        throw DriverException.passing("registry " + host() + ": answers with another range", null);
    }
}
