package io.hypervisor.agent.registry;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** A blob by its hash. */
public record Descriptor(String mediaType, String digest, long size) {
    private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

    /** Refuses digests that nothing here can check, and sizes that nothing has. */
    public Descriptor {
        if (!DIGEST.matcher(digest).matches()) {
            throw new JsonParseException("digest: expected: sha256: and 64 hexadecimal digits");
        }
        if (size < 0) {
            throw new JsonParseException("size: value: " + size + " (expected: 0 or more)");
        }
    }

    static Descriptor of(JsonElement element) {
        JsonObject object = element.getAsJsonObject();
        JsonElement type = object.get("mediaType");
        return new Descriptor(
                type == null ? "" : type.getAsString(),
                Manifest.part(object, "digest").getAsString(),
                Manifest.part(object, "size").getAsLong());
    }

    /** The digest of some bytes. */
    public static String sha256(byte[] bytes) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            return "sha256:" + HexFormat.of().formatHex(sha256.digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
