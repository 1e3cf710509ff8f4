package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.protobuf.FieldMask;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.CreateImageRequest;
import io.hypervisor.agent.driver.containerd.wire.GetImageRequest;
import io.hypervisor.agent.driver.containerd.wire.ListImagesRequest;
import io.hypervisor.agent.driver.containerd.wire.ReadContentRequest;
import io.hypervisor.agent.driver.containerd.wire.ReadContentResponse;
import io.hypervisor.agent.driver.containerd.wire.StoredImage;
import io.hypervisor.agent.driver.containerd.wire.UpdateImageRequest;
import io.hypervisor.agent.registry.Descriptor;
import io.hypervisor.agent.registry.Manifest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The images of a containerd, and what their manifests say. */
final class ImageStore {
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
        StoredImage image =
                find(name)
                        .orElseThrow(
                                () ->
                                        Wording.wrong(
                                                "spec.image",
                                                name,
                                                "the name of an image on this node"));
        return unpacked(image.getTarget().getDigest());
    }

    private Optional<StoredImage> find(String name) {
        GetImageRequest request =
                GetImageRequest.newBuilder().setName(ImageName.full(name)).build();
        return Daemon.find(() -> daemon.images().get(request).getImage());
    }

    /** Whether there is an image of this name. */
    boolean holds(String name) {
        return find(name).isPresent();
    }

    /** Gives a name to an image whose parts are all there, or to another image. */
    void name(String name, Descriptor target) {
        StoredImage image = StoredImage.newBuilder().setName(name).setTarget(wire(target)).build();
        CreateImageRequest create = CreateImageRequest.newBuilder().setImage(image).build();
        try {
            var _ = daemon.images().create(create);
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
                throw Daemon.failure(e);
            }
            UpdateImageRequest update =
                    UpdateImageRequest.newBuilder()
                            .setImage(image)
                            .setUpdateMask(FieldMask.newBuilder().addPaths("target"))
                            .build();
            var _ = Daemon.call(() -> daemon.images().update(update));
        }
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
        JsonObject document = json(digest);
        Optional<Descriptor> next = Manifest.chosen(document);
        for (int depth = 0; next.isPresent(); depth++) {
            if (depth == Manifest.MAX_INDEX_DEPTH) {
                throw new JsonParseException("indexes of indexes");
            }
            document = json(next.get().digest());
            next = Manifest.chosen(document);
        }
        Manifest manifest = Manifest.of(document);
        JsonObject image = json(manifest.config().digest());
        JsonElement process = image.get("config");
        return new Unpacked(
                ImageConfig.of(
                        process != null && process.isJsonObject()
                                ? process.getAsJsonObject()
                                : new JsonObject()),
                chainId(Manifest.diffIds(image)),
                manifest.size());
    }

    /** As containerd has it. */
    static io.hypervisor.agent.driver.containerd.wire.Descriptor wire(Descriptor blob) {
        return io.hypervisor.agent.driver.containerd.wire.Descriptor.newBuilder()
                .setMediaType(blob.mediaType())
                .setDigest(blob.digest())
                .setSize(blob.size())
                .build();
    }

    /** The name of the snapshot of layers on top of each other, as OCI defines it. */
    static String chainId(List<String> diffIds) {
        if (diffIds.isEmpty()) {
            return "";
        }
        String chain = diffIds.getFirst();
        for (String diffId : diffIds.subList(1, diffIds.size())) {
            String pair = chain + " " + diffId;
            chain = Descriptor.sha256(pair.getBytes(StandardCharsets.US_ASCII));
        }
        return chain;
    }

    /** A manifest, an index or a configuration. */
    JsonObject json(String digest) {
        ReadContentRequest request = ReadContentRequest.newBuilder().setDigest(digest).build();
        byte[] blob =
                Daemon.find(() -> drain(daemon.content().read(request)))
                        .orElseThrow(() -> new JsonParseException("it lacks " + digest));
        return Manifest.json(blob);
    }

    private static byte[] drain(Iterator<ReadContentResponse> parts) {
        ByteArrayOutputStream blob = new ByteArrayOutputStream();
        while (parts.hasNext()) {
            byte[] part = parts.next().getData().toByteArray();
            if (blob.size() + part.length > Manifest.MAX_BYTES) {
                throw new JsonParseException("larger than " + Manifest.MAX_BYTES + " bytes");
            }
            blob.write(part, 0, part.length);
        }
        return blob.toByteArray();
    }
}
