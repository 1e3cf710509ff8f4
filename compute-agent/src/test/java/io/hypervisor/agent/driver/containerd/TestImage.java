package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.registry.Descriptor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** An image made of bytes: its blobs, and its manifest. */
public final class TestImage {
    private static final int BLOCK = 512;
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

    private final Map<String, byte[]> blobs = new LinkedHashMap<>();
    private final List<String> layers = new ArrayList<>();
    private final List<String> diffIds = new ArrayList<>();

    /** A tape archive, entry by entry. */
    static final class Tar {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Tar file(String name, int mode, byte[] content) {
            entry(name, '0', mode, "", content);
            return this;
        }

        Tar folder(String name) {
            entry(name, '5', 0755, "", new byte[0]);
            return this;
        }

        Tar link(String name, char type, String target) {
            entry(name, type, 0777, target, new byte[0]);
            return this;
        }

        private void entry(String name, char type, int mode, String target, byte[] content) {
            byte[] header = new byte[BLOCK];
            put(header, 0, name);
            put(header, 100, "%07o".formatted(mode));
            put(header, 108, "0000000");
            put(header, 116, "0000000");
            put(header, 124, "%011o".formatted(content.length));
            put(header, 136, "00000000000");
            put(header, 148, "        ");
            header[156] = (byte) type;
            put(header, 157, target);
            put(header, 257, "ustar");
            put(header, 263, "00");
            put(header, 329, "0000001");
            put(header, 337, "0000003");
            int sum = 0;
            for (byte b : header) {
                sum += b & 0xff;
            }
            put(header, 148, "%06o\0".formatted(sum));
            out.writeBytes(header);
            out.writeBytes(content);
            out.writeBytes(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
        }

        private static void put(byte[] header, int at, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(bytes, 0, header, at, bytes.length);
        }

        byte[] bytes() {
            out.writeBytes(new byte[2 * BLOCK]);
            return out.toByteArray();
        }
    }

    static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** One frame whose blocks are stored as they are; RFC 8878. */
    static byte[] zstd(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, (byte) 0xa0});
        little(out, bytes.length, 4);
        int most = 100 << 10;
        for (int at = 0; at < bytes.length; at += most) {
            int length = Math.min(most, bytes.length - at);
            little(out, length << 3 | (at + length == bytes.length ? 1 : 0), 3);
            out.write(bytes, at, length);
        }
        return out.toByteArray();
    }

    private static void little(ByteArrayOutputStream out, int value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write(value >>> (8 * i));
        }
    }

    /** One layer with one file of random bytes. */
    public static TestImage noisy(int seed, int length) {
        byte[] noise = new byte[length];
        new Random(seed).nextBytes(noise);
        return new TestImage().stored(new Tar().file("noise", 0644, noise).bytes());
    }

    /** The digest of the first layer. */
    public String layer() {
        return blobs().keySet().iterator().next();
    }

    TestImage gzipped(byte[] tar) {
        return layer("+gzip", gzip(tar), tar);
    }

    TestImage zstandard(byte[] tar) {
        return layer("+zstd", zstd(tar), tar);
    }

    TestImage stored(byte[] tar) {
        return layer("", tar, tar);
    }

    private TestImage layer(String suffix, byte[] blob, byte[] tar) {
        String digest = add(blob);
        layers.add(descriptor(LAYER + suffix, digest, blob.length));
        diffIds.add("\"" + Descriptor.sha256(tar) + "\"");
        return this;
    }

    private String add(byte[] blob) {
        String digest = Descriptor.sha256(blob);
        blobs.put(digest, blob);
        return digest;
    }

    Map<String, byte[]> blobs() {
        return blobs;
    }

    /** Adds the configuration; what runs is the given command. */
    byte[] manifest(String command) {
        byte[] config =
                """
                {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["%s"]},
                 "rootfs": {"type": "layers", "diff_ids": [%s]}}\
                """
                        .formatted(command, String.join(",", diffIds))
                        .getBytes(StandardCharsets.UTF_8);
        String digest = add(config);
        return """
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
         "config": %s, "layers": [%s]}\
        """
                .formatted(
                        descriptor(
                                "application/vnd.oci.image.config.v1+json", digest, config.length),
                        String.join(",", layers))
                .getBytes(StandardCharsets.UTF_8);
    }

    /** The whole image as a file that containerd imports, in a temporary folder. */
    Path archive(String name, String command) throws IOException {
        byte[] manifest = manifest(command);
        String digest = add(manifest);
        String index =
                """
                {"schemaVersion": 2, "manifests": [{
                 "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "%s",
                 "size": %d, "annotations": {"io.containerd.image.name": "%s"}}]}\
                """
                        .formatted(digest, manifest.length, name);
        Tar tar = new Tar().file("oci-layout", 0644, bytes("{\"imageLayoutVersion\": \"1.0.0\"}"));
        tar.file("index.json", 0644, bytes(index));
        blobs.forEach((key, blob) -> tar.file("blobs/" + key.replace(':', '/'), 0644, blob));
        Path file = Files.createTempFile("hv-image", ".tar");
        file.toFile().deleteOnExit();
        return Files.write(file, tar.bytes());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String descriptor(String type, String digest, int size) {
        return """
        {"mediaType": "%s", "digest": "%s", "size": %d}\
        """
                .formatted(type, digest, size);
    }
}
