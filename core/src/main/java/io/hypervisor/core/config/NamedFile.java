package io.hypervisor.core.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;

/** Checks of files that a configuration names. */
public final class NamedFile {
    private NamedFile() {}

    /** A file that is there and can be read. */
    public static void readable(String key, Path file) {
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw ConfigException.of(key, file, "a file that this process can read");
        }
    }

    /** The same, for a file that not everybody should read. */
    public static void secret(String key, Path file) {
        readable(key, file);
        try {
            if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                throw ConfigException.of(
                        key, file, "not readable by everybody, as chmod o= makes it");
            }
        } catch (IOException e) {
            throw ConfigException.of(key, file, "a file with permissions: " + e);
        }
    }
}
