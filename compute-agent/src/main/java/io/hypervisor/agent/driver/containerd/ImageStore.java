package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.GetImageRequest;
import io.hypervisor.agent.driver.containerd.wire.ListImagesRequest;
import io.hypervisor.agent.driver.containerd.wire.ReadContentRequest;
import io.hypervisor.agent.driver.containerd.wire.ReadContentResponse;
import io.hypervisor.agent.driver.containerd.wire.StoredImage;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The images of a containerd, and what their manifests say. */
final class ImageStore {
    // Manifests and configurations are a few KiB; this only stops a blob that is neither.
    private static final int MAX_BLOB = 4 << 20;
    private static final int MAX_INDEX_DEPTH = 3;
    // As many as the different images that one node is likely to start; an entry is a few KiB.
    private static final int MAX_CACHED = 256;

    private final Daemon daemon;
    private final Map<String, Unpacked> cache =
            Collections.synchronizedMap(
                    new LinkedHashMap<>(16, 0.75f, true) {
                        @Override
                        protected boolean removeEldestEntry(Map.Entry<String, Unpacked> eldest) {
                            return size() > MAX_CACHED;
                        }
                    });

    /**
     * An image as a container needs it.
     *
     * @param chainId the name of the snapshot that holds all its layers
     * @param size bytes of the manifest's parts
     */
    record Unpacked(ImageConfig config, String chainId, long size) {}

    ImageStore(Daemon daemon) {
        this.daemon = daemon;
    }

    /** An image by the name that a spec uses. */
    Unpacked resolve(String name) {
        String full = ImageName.full(name);
        GetImageRequest request = GetImageRequest.newBuilder().setName(full).build();
        StoredImage image =
                Daemon.find(() -> daemon.images().get(request))
                        .orElseThrow(
                                () ->
                                        Wording.wrong(
                                                "spec.image",
                                                name,
                                                "the name of an image on this node"))
                        .getImage();
        return unpacked(image.getTarget().getDigest());
    }

    /** Every image once, by its shortest name; all its names are tags. */
    List<Image> list() {
        var stored =
                Daemon.call(() -> daemon.images().list(ListImagesRequest.getDefaultInstance()));
        Map<String, Image.Builder> byDigest = new TreeMap<>();
        stored.getImagesList().stream()
                .sorted((a, b) -> a.getName().compareTo(b.getName()))
                .forEach(image -> add(byDigest, image));
        return byDigest.values().stream().map(Image.Builder::build).toList();
    }

    private void add(Map<String, Image.Builder> byDigest, StoredImage image) {
        String digest = image.getTarget().getDigest();
        String name = ImageName.brief(image.getName());
        Image.Builder known = byDigest.get(digest);
        if (known != null) {
            known.addTags(name);
            return;
        }
        size(digest)
                .ifPresent(
                        size ->
                                byDigest.put(
                                        digest,
                                        Image.newBuilder()
                                                .setId(digest)
                                                .setName(name)
                                                .addTags(name)
                                                .setSizeBytes(size)
                                                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                                .setCreatedAt(image.getCreatedAt())));
    }

    // Empty for what is in the store and cannot be started here: another architecture's, or a part
    // is missing.
    private Optional<Long> size(String digest) {
        try {
            return Optional.of(unpacked(digest).size());
        } catch (DriverException e) {
            if (e.isPermanent()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private Unpacked unpacked(String digest) {
        Unpacked known = cache.get(digest);
        if (known != null) {
            return known;
        }
        try {
            Unpacked image = read(digest);
            cache.put(digest, image);
            return image;
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            throw DriverException.permanent(
                    "image "
                            + digest
                            + " cannot be read: "
                            + Wording.printable(String.valueOf(e.getMessage())));
        }
    }

    private Unpacked read(String digest) {
        JsonObject manifest = json(digest);
        for (int depth = 0; manifest.has("manifests"); depth++) {
            if (depth == MAX_INDEX_DEPTH) {
                throw new JsonParseException("indexes of indexes");
            }
            manifest = json(ours(manifest));
        }
        JsonObject config = manifest.getAsJsonObject("config");
        if (config == null || !manifest.has("layers")) {
            throw new JsonParseException("neither an index nor a manifest");
        }
        long size = config.get("size").getAsLong();
        for (JsonElement layer : manifest.getAsJsonArray("layers")) {
            size += layer.getAsJsonObject().get("size").getAsLong();
        }
        JsonObject image = json(config.get("digest").getAsString());
        JsonElement process = image.get("config");
        return new Unpacked(
                ImageConfig.of(
                        process != null && process.isJsonObject()
                                ? process.getAsJsonObject()
                                : new JsonObject()),
                chainId(diffIds(image)),
                size);
    }

    private static List<String> diffIds(JsonObject image) {
        List<String> ids = new ArrayList<>();
        image.getAsJsonObject("rootfs")
                .getAsJsonArray("diff_ids")
                .forEach(id -> ids.add(id.getAsString()));
        return ids;
    }

    // The manifest in an index that is for this machine.
    private static String ours(JsonObject index) {
        String arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        for (JsonElement element : index.getAsJsonArray("manifests")) {
            JsonObject entry = element.getAsJsonObject();
            JsonElement platform = entry.get("platform");
            if (platform == null
                    || (text(platform, "os").equals("linux")
                            && text(platform, "architecture").equals(arch))) {
                return entry.get("digest").getAsString();
            }
        }
        throw new JsonParseException("it has no part for linux/" + arch);
    }

    private static String text(JsonElement object, String key) {
        JsonElement value = object.getAsJsonObject().get(key);
        return value == null ? "" : value.getAsString();
    }

    /** The name of the snapshot of layers on top of each other, as OCI defines it. */
    static String chainId(List<String> diffIds) {
        if (diffIds.isEmpty()) {
            return "";
        }
        String chain = diffIds.getFirst();
        for (String diffId : diffIds.subList(1, diffIds.size())) {
            chain = "sha256:" + sha256(chain + " " + diffId);
        }
        return chain;
    }

    private static String sha256(String text) {
        try {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private JsonObject json(String digest) {
        ReadContentRequest request = ReadContentRequest.newBuilder().setDigest(digest).build();
        byte[] blob =
                Daemon.find(() -> drain(daemon.content().read(request)))
                        .orElseThrow(() -> new JsonParseException("it lacks " + digest));
        return JsonParser.parseString(new String(blob, StandardCharsets.UTF_8)).getAsJsonObject();
    }

    private static byte[] drain(Iterator<ReadContentResponse> parts) {
        ByteArrayOutputStream blob = new ByteArrayOutputStream();
        while (parts.hasNext()) {
            byte[] part = parts.next().getData().toByteArray();
            if (blob.size() + part.length > MAX_BLOB) {
                throw new JsonParseException("larger than " + MAX_BLOB + " bytes");
            }
            blob.write(part, 0, part.length);
        }
        return blob.toByteArray();
    }
}
