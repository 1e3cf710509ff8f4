package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.Mount;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads small files of a container's file system without mounting it. */
final class RootFiles {
    private static final int MAX_BYTES = 1 << 20;

    private RootFiles() {}

    /**
     * The content of a file of /etc, empty if there is none. Symbolic links are not followed: they
     * would lead to files of this machine.
     */
    static String etc(List<Mount> rootfs, String name) {
        // Anything else of that name hides what lower layers have: a deletion is a device.
        for (String layer : layers(rootfs)) {
            Path folder = Path.of(layer, "etc");
            Path file = folder.resolve(name);
            if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)
                    && !Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                return "";
            }
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? read(file) : "";
            }
        }
        return "";
    }

    // Folders, topmost first.
    private static List<String> layers(List<Mount> rootfs) {
        List<String> layers = new ArrayList<>();
        for (Mount mount : rootfs) {
            if (mount.getType().equals("bind")) {
                layers.add(mount.getSource());
            }
            for (String prefix : List.of("upperdir=", "lowerdir=")) {
                mount.getOptionsList().stream()
                        .filter(option -> option.startsWith(prefix))
                        .map(option -> option.substring(prefix.length()))
                        .forEach(paths -> layers.addAll(List.of(paths.split(":", -1))));
            }
        }
        return layers;
    }

    private static String read(Path file) {
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw DriverException.passing("cannot read " + file.getFileName() + " of the image", e);
        }
    }
}
