package io.hypervisor.agent.registry;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What an image is made of. */
public record Manifest(Descriptor config, List<Descriptor> layers) {
    /** The largest manifest, index or configuration. Real ones have a few KiB. */
    public static final int MAX_BYTES = 4 << 20;

    /** Indexes may name indexes, up to here. */
    public static final int MAX_INDEX_DEPTH = 3;

    // As many as overlayfs can put on top of each other in one mount.
    private static final int MAX_LAYERS = 127;
    private static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
    private static final Set<String> LAYER_TYPES =
            Set.of(
                    OCI_LAYER,
                    OCI_LAYER + "+gzip",
                    OCI_LAYER + "+zstd",
                    "application/vnd.docker.image.rootfs.diff.tar",
                    "application/vnd.docker.image.rootfs.diff.tar.gzip");

    /** Keeps its own list. */
    public Manifest {
        layers = List.copyOf(layers);
    }

    /** A manifest, an index or a configuration as JSON. */
    public static JsonObject json(byte[] bytes) {
        return JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8)).getAsJsonObject();
    }

    /**
     * The manifest, or a further index, that an index has for this machine; empty if it is none.
     */
    public static Optional<Descriptor> chosen(JsonObject index) {
        if (!index.has("manifests")) {
            return Optional.empty();
        }
        String arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        for (JsonElement element : part(index, "manifests").getAsJsonArray()) {
            JsonElement platform = element.getAsJsonObject().get("platform");
            if (platform == null
                    || (text(platform, "os").equals("linux")
                            && text(platform, "architecture").equals(arch))) {
                return Optional.of(Descriptor.of(element));
            }
        }
        throw new JsonParseException("it has no part for linux/" + arch);
    }

    /** From JSON that is no index. */
    public static Manifest of(JsonObject manifest) {
        if (!manifest.has("config") || !manifest.has("layers")) {
            throw new JsonParseException("neither an index nor a manifest");
        }
        List<Descriptor> layers = new ArrayList<>();
        part(manifest, "layers")
                .getAsJsonArray()
                .forEach(layer -> layers.add(Descriptor.of(layer)));
        return new Manifest(Descriptor.of(manifest.get("config")), layers);
    }

    /** Bytes of all its parts. */
    public long size() {
        return config.size() + layers.stream().mapToLong(Descriptor::size).sum();
    }

    /** Refuses what cannot be unpacked here, or is too large. */
    void check(long maxBytes) {
        if (layers.size() > MAX_LAYERS) {
            throw new JsonParseException(
                    "layers: " + layers.size() + " (expected: at most " + MAX_LAYERS + ")");
        }
        if (config.size() > MAX_BYTES) {
            throw new JsonParseException(
                    "config: " + config.size() + " bytes (expected: at most " + MAX_BYTES + ")");
        }
        long left = maxBytes;
        for (Descriptor layer : layers) {
            if (!LAYER_TYPES.contains(layer.mediaType())) {
                throw new JsonParseException(
                        "layer: type: "
                                + layer.mediaType()
                                + " (expected: a tar, plain or compressed with gzip or zstd)");
            }
            if (layer.size() > left) {
                throw new JsonParseException(
                        "more than " + maxBytes + " bytes, which is max_image_bytes");
            }
            left -= layer.size();
        }
    }

    /** The layers' hashes before compression, from an image's configuration. */
    public static List<String> diffIds(JsonObject config) {
        JsonObject rootfs = part(config, "rootfs").getAsJsonObject();
        JsonArray ids = part(rootfs, "diff_ids").getAsJsonArray();
        return ids.asList().stream().map(JsonElement::getAsString).toList();
    }

    static JsonElement part(JsonObject object, String key) {
        JsonElement part = object.get(key);
        if (part == null) {
            throw new JsonParseException(key + ": missing");
        }
        return part;
    }

    private static String text(JsonElement object, String key) {
        JsonElement value = object.getAsJsonObject().get(key);
        return value == null ? "" : value.getAsString();
    }
}
