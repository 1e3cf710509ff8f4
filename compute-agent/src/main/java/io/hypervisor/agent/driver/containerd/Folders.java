package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** The driver's files: a folder per instance, and one per named volume. */
final class Folders {
    private static final Set<PosixFilePermission> OURS =
            PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> ANYBODY =
            PosixFilePermissions.fromString("rwxrwxrwx");

    private static final String OWNER = "owner";
    private static final String LOCAL = " local";

    private final ContainerdConfig config;

    /** Which copy of an instance a folder belongs to. */
    record Owner(long epoch, boolean local) {}

    Folders(ContainerdConfig config) {
        this.config = config;
        try {
            for (String name : new String[] {"container", "volumes"}) {
                Path folder = Files.createDirectories(config.data().resolve(name));
                Files.setPosixFilePermissions(folder, OURS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes what an instance needs and does not have yet. */
    void create(Target target) {
        String id = target.instanceId();
        InstanceSpec spec = target.spec();
        try {
            Path folder = Files.createDirectories(config.folder(id));
            Files.writeString(
                    folder.resolve(OWNER), target.epoch() + (target.local() ? LOCAL : ""));
            for (int i = 0; i < spec.getVolumeMountsCount(); i++) {
                String field = "spec.volume_mounts[" + i + "]";
                String name = OciSpec.volumeName(field, spec.getVolumeMounts(i));
                Path volume = config.volume(name).path();
                if (config.volumes().containsKey(name)) {
                    if (!Files.exists(volume)) {
                        throw DriverException.permanent(
                                field
                                        + ".name: value: "
                                        + name
                                        + " (expected: one that exists;"
                                        + " this node's is "
                                        + volume
                                        + ", and is not there)");
                    }
                } else if (!Files.isDirectory(volume, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectory(volume);
                    // Its containers run as whoever their images say; nobody else gets this far.
                    Files.setPosixFilePermissions(volume, ANYBODY);
                }
            }
        } catch (IOException e) {
            throw DriverException.passing("cannot make the instance's folders: " + e, e);
        }
    }

    /** As {@link #create} wrote it down; the oldest epoch where it could not. */
    Owner owner(String id) {
        try {
            String text = Files.readString(config.folder(id).resolve(OWNER));
            String epoch = text.replace(LOCAL, "");
            return new Owner(
                    epoch.matches("[0-9]{1,18}") ? Long.parseLong(epoch) : 0, text.endsWith(LOCAL));
        } catch (IOException e) {
            return new Owner(0, false);
        }
    }

    /** Makes what a task's input comes from and its output goes to. */
    void makeConsole(String id) {
        try {
            InputFifo.renew(config.input(id));
            if (!Files.exists(config.log(id))) {
                Files.createFile(config.log(id));
            }
        } catch (IOException e) {
            throw DriverException.passing("cannot make the console's files: " + e, e);
        }
    }

    void delete(String id) {
        Path folder = config.folder(id);
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw DriverException.passing("cannot remove the instance's folder: " + e, e);
        }
    }
}
