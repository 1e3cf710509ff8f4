package io.hypervisor.agent.driver.containerd;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folder of a task that containerd was killed over before there was one. containerd 1.6 cannot
 * clean it up, knows no task of that name, and fails to make one, even after its next start.
 */
final class StaleBundle {
    private static final Pattern IN_THE_WAY = Pattern.compile("mkdir (/\\S+): file exists");

    private StaleBundle() {}

    /** Removes it if that is why containerd failed, as its words say. */
    static void removeIfInTheWay(String said, String namespace, String id) throws IOException {
        Matcher matcher = IN_THE_WAY.matcher(said);
        if (!matcher.find()) {
            return;
        }
        Path bundle = Path.of(matcher.group(1));
        if (!bundle.endsWith(Path.of("io.containerd.runtime.v2.task", namespace, id))
                || !Files.isDirectory(bundle, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        // First what must be empty: it fails, and all stays, if a file system is or was there.
        Files.deleteIfExists(bundle.resolve("rootfs"));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(bundle)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(bundle);
    }
}
