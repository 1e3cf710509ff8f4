package io.hypervisor.agent.driver.libvirt;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.core.Command;
import io.hypervisor.core.spec.CloudInit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The disk from which cloud-init learns who its guest is: a small ISO 9660 image that is labelled
 * "cidata", as cloud-init's NoCloud source wants it. It may hold secrets: nobody else may read it,
 * and what is in it is never told.
 *
 * <p>What we write is JSON, which YAML contains, so that no value can be more than a value; what
 * users wrote for the guest is passed on as it is.
 */
final class Seed {
    private static final String FILE = "seed.iso";
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Set<PosixFilePermission> PRIVATE =
            PosixFilePermissions.fromString("rw-------");
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private Seed() {}

    static Path file(Path folder) {
        return folder.resolve(FILE);
    }

    /** Whether a guest is told who it is: what boots an image may ask, what was told to must. */
    static boolean isWanted(Blueprint blueprint) {
        return blueprint.disks().stream().anyMatch(disk -> disk.base().isPresent())
                || !CloudInit.of(blueprint.target().metadata().getAnnotationsMap()).isEmpty();
    }

    /** What is on the disk: texts by file name. */
    static Map<String, String> content(Target target) {
        Map<String, String> annotations = target.metadata().getAnnotationsMap();
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put("instance-id", target.instanceId());
        meta.put("local-hostname", target.name());
        List<String> keys = CloudInit.sshKeys(annotations);
        if (!keys.isEmpty()) {
            meta.put("public-keys", keys);
        }
        Map<String, String> files = new LinkedHashMap<>();
        files.put("meta-data", GSON.toJson(meta) + "\n");
        // The source counts only with this file.
        files.put(
                "user-data", annotations.getOrDefault(CloudInit.USER_DATA, "#cloud-config\n{}\n"));
        if (annotations.containsKey(CloudInit.NETWORK_CONFIG)) {
            files.put("network-config", annotations.get(CloudInit.NETWORK_CONFIG));
        }
        return files;
    }

    /** Writes the disk, over whatever an earlier attempt left. */
    static void make(Target target, Path folder) {
        try {
            write(target, folder);
        } catch (IOException e) {
            throw DriverException.passing("cannot make the seed: " + e.getMessage(), e);
        }
    }

    private static void write(Target target, Path folder) throws IOException {
        Path seed = file(folder);
        List<String> command =
                new ArrayList<>(List.of("genisoimage", "-quiet", "-volid", "cidata"));
        command.addAll(List.of("-joliet", "-rational-rock", "-output", seed.toString()));
        List<Path> parts = new ArrayList<>();
        for (Map.Entry<String, String> file : content(target).entrySet()) {
            Path part = folder.resolve(file.getKey());
            write(part, file.getValue());
            parts.add(part);
            command.add(part.toString());
        }
        // It keeps the mode of a file that it writes over.
        write(seed, "");
        Command.Ended made = Command.run(DEADLINE, command);
        for (Path part : parts) {
            Files.delete(part);
        }
        if (!made.ok()) {
            throw DriverException.passing(made.failure(), null);
        }
        try (FileChannel channel = FileChannel.open(seed)) {
            channel.force(true);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Files.deleteIfExists(file);
        try (SeekableByteChannel channel =
                Files.newByteChannel(
                        file,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PRIVATE))) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }
}
