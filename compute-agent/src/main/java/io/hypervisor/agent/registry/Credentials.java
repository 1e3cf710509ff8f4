package io.hypervisor.agent.registry;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;

import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Names and passwords for registries, from a file in the format of Docker's config.json. The file
 * is read when it is needed, so that a new password takes effect at once.
 */
final class Credentials {
    private static final long MAX_BYTES = 1 << 20;
    private static final Set<PosixFilePermission> OWNERS =
            EnumSet.of(
                    PosixFilePermission.OWNER_READ,
                    PosixFilePermission.OWNER_WRITE,
                    PosixFilePermission.OWNER_EXECUTE);

    private final Optional<Path> file;

    Credentials(Optional<Path> file) {
        this.file = file;
    }

    /** The value of an Authorization header for a host, if the file has one. */
    Optional<String> basic(String host) {
        return file.flatMap(path -> find(path, RegistryConfig.canonical(host)));
    }

    private static Optional<String> find(Path path, String host) {
        try {
            JsonElement auths = Manifest.json(read(path)).get("auths");
            if (auths == null) {
                return Optional.empty();
            }
            for (Map.Entry<String, JsonElement> entry : auths.getAsJsonObject().entrySet()) {
                if (host(entry.getKey()).equals(host)) {
                    return Optional.of(
                            "Basic " + encoded(path, entry.getValue().getAsJsonObject()));
                }
            }
            return Optional.empty();
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            // Without the cause, whose text may have a part of the file.
            throw wrong(path, "not valid JSON", "the format of Docker's config.json");
        }
    }

    /** "https://index.docker.io/v1/" and "registry:5000" alike. */
    private static String host(String key) {
        String bare = key.replaceFirst("^https?://", "");
        int slash = bare.indexOf('/');
        return RegistryConfig.canonical(slash < 0 ? bare : bare.substring(0, slash));
    }

    private static String encoded(Path path, JsonObject entry) {
        JsonElement auth = entry.get("auth");
        if (auth != null && !auth.getAsString().isEmpty()) {
            return auth.getAsString().strip();
        }
        JsonElement username = entry.get("username");
        JsonElement password = entry.get("password");
        if (username == null || password == null) {
            throw wrong(path, "an entry without a password", "auth, or username and password");
        }
        String pair = username.getAsString() + ":" + password.getAsString();
        return Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] read(Path path) {
        try {
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
            if (!OWNERS.containsAll(mode)) {
                throw wrong(
                        path,
                        "mode " + PosixFilePermissions.toString(mode),
                        "readable by its owner alone, as chmod 600 makes it");
            }
            if (Files.size(path) > MAX_BYTES) {
                throw wrong(path, Files.size(path) + " bytes", "at most " + MAX_BYTES);
            }
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw wrong(path, e.toString(), "a file that the agent can read");
        }
    }

    private static DriverException wrong(Path path, String actual, String expected) {
        return DriverException.permanent(
                "registries.auth_file: " + path + ": " + actual + " (expected: " + expected + ")");
    }
}
