package io.hypervisor.agent.driver.guest;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.KeptLog;
import io.hypervisor.agent.driver.guest.Blueprint.Disk;
import io.hypervisor.agent.driver.guest.ImageFolders.DirectBoot;
import io.hypervisor.agent.image.DiskHeader;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Command;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Ids;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** One folder for each instance, with its record first, then its disks. */
public final class InstanceFolders {
    private static final Logger log = LoggerFactory.getLogger(InstanceFolders.class);

    private static final String CONSOLE_SOCKET = "tty";
    private static final String CONSOLE_LOG = "console.log";
    // A path of a unix socket has room for 107 bytes, and no socket's name has more than three.
    private static final int MAX_HOME = 107 - "/".length() - 36 - "/tty".length();
    private static final Duration QEMU_IMG = Duration.ofSeconds(60);
    // What a guest writes to its console is kept up to this size, then dropped.
    private static final long MAX_CONSOLE_LOG = 16L << 20;

    private final Path home;
    private final String record;

    /** Below a folder, each with a record of that name. */
    public InstanceFolders(Path home, String record) {
        this.home = home.toAbsolutePath().normalize();
        this.record = record;
    }

    /** The folder of all. */
    public Path home() {
        return home;
    }

    /** Makes the folder of all, which must not be too long for sockets below it. */
    public void prepare() {
        int length = home.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_HOME) {
            throw DriverException.permanent(
                    "folder "
                            + home
                            + ": "
                            + length
                            + " bytes (expected: at most "
                            + MAX_HOME
                            + ", for unix sockets below it)");
        }
        try {
            Files.createDirectories(home);
        } catch (IOException e) {
            throw DriverException.passing("cannot make " + home + ": " + e.getMessage(), e);
        }
    }

    /** Where an instance's serial port listens. */
    public static Path consoleSocket(Path folder) {
        return folder.resolve(CONSOLE_SOCKET);
    }

    /** What an instance's serial port has written. */
    public static Path consoleLog(Path folder) {
        return folder.resolve(CONSOLE_LOG);
    }

    /** The folder of an instance, whether it exists or not. */
    public Path folder(String id) {
        // An id becomes a path: nothing but a UUID may.
        if (!Ids.isId(id)) {
            throw DriverException.permanent("instance_id: value: not a UUID in lower case");
        }
        return home.resolve(id);
    }

    /** Ids of all instances that have a folder. */
    public List<String> ids() {
        if (!Files.isDirectory(home)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(home)) {
            return all.map(path -> path.getFileName().toString()).filter(Ids::isId).toList();
        } catch (IOException e) {
            throw DriverException.passing("cannot list " + home + ": " + e.getMessage(), e);
        }
    }

    /** The record with which an instance was begun; empty if not even that was written. */
    public <R> Optional<R> record(String id, Function<String, R> parse) {
        Path file = folder(id).resolve(record);
        try {
            return Optional.of(parse.apply(Files.readString(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            log.warn("instance={} record=unreadable error=\"{}\"", id, e.getMessage());
            return Optional.empty();
        }
    }

    /** Begins an instance, or replaces its record. */
    public void write(String id, String content) {
        Path folder = folder(id);
        try {
            Files.createDirectories(folder);
            Path half = folder.resolve(record + ".new");
            Files.writeString(half, content);
            force(half);
            Files.move(half, folder.resolve(record), StandardCopyOption.ATOMIC_MOVE);
            force(folder);
        } catch (IOException e) {
            throw DriverException.passing("cannot write " + folder + ": " + e.getMessage(), e);
        }
    }

    /**
     * Makes the disks that are not there, and links to what it boots from elsewhere. A disk that is
     * there is kept: an earlier attempt made it, or a guest has written to it and somebody removed
     * what else there was of the instance.
     */
    public void makeDisks(Blueprint blueprint) {
        try {
            InstanceSpec spec = blueprint.target().spec();
            for (DirectBoot boot : blueprint.kernel().stream().toList()) {
                if (spec.hasKernelSource()) {
                    link(blueprint.folder().resolve("kernel"), boot.kernel());
                }
                if (spec.hasInitrdSource()) {
                    link(blueprint.folder().resolve("initrd"), boot.initrd().orElseThrow());
                }
            }
            for (Disk disk : blueprint.disks()) {
                if (Files.notExists(disk.path())) {
                    makeDisk(disk);
                } else if (disk.bytes() > DiskHeader.ownBytes(disk.path())) {
                    growDisk(disk.path(), disk.bytes());
                }
            }
            force(blueprint.folder());
        } catch (IOException e) {
            throw DriverException.passing("cannot make disks: " + e.getMessage(), e);
        }
    }

    /** Whole, or not at all under its name. */
    private static void makeDisk(Disk disk) throws IOException {
        Path half = disk.path().resolveSibling(disk.path().getFileName() + ".new");
        List<String> command = new ArrayList<>(List.of("qemu-img", "create", "-q"));
        command.addAll(List.of("-f", "qcow2"));
        disk.base()
                .ifPresent(
                        base -> {
                            command.addAll(List.of("-F", base.format()));
                            command.addAll(List.of("-b", base.path().toString()));
                        });
        command.add(half.toString());
        command.add(Long.toString(disk.bytes()));
        Command.Ended made = Command.run(QEMU_IMG, command);
        if (!made.ok()) {
            throw DriverException.passing(made.failure(), null);
        }
        force(half);
        Files.move(half, disk.path(), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Says that the file is in use. */
    private static void link(Path link, Path file) throws IOException {
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, file);
    }

    /** Makes a disk larger that a guest may have open; nothing if none has. */
    public interface Resize {
        /** Returns when the file has the size. */
        void inGuest(Path disk, long bytes);
    }

    /** Makes disks as large as the spec has them. A disk never becomes smaller. */
    public void growDisks(String id, InstanceSpec spec, Resize resize) {
        for (DiskSpec disk : spec.getDisksList()) {
            Path file = Blueprint.file(folder(id), disk);
            long bytes = disk.getSizeBytes();
            if (bytes > DiskHeader.ownBytes(file)) {
                resize.inGuest(file, bytes);
            }
            if (bytes > DiskHeader.ownBytes(file)) {
                growDisk(file, bytes);
            }
        }
    }

    private static void growDisk(Path disk, long bytes) {
        Command.Ended grown =
                Command.run(
                        QEMU_IMG,
                        List.of(
                                "qemu-img",
                                "resize",
                                "-q",
                                "-f",
                                "qcow2",
                                disk.toString(),
                                Long.toString(bytes)));
        if (!grown.ok()) {
            throw DriverException.passing(grown.failure(), null);
        }
    }

    /** Whether the instance has disks. */
    public boolean hasDisks(String id) {
        try (Stream<Path> files = Files.list(folder(id))) {
            return files.anyMatch(file -> file.toString().endsWith(".qcow2"));
        } catch (IOException e) {
            throw DriverException.passing("cannot list the disks: " + e.getMessage(), e);
        }
    }

    /** Gives up what is too much of a console log. QEMU appends to it, whatever happens here. */
    public void trimLog(String id, Instant now) {
        try {
            new KeptLog(consoleLog(folder(id))).pass(MAX_CONSOLE_LOG, now);
        } catch (IOException e) {
            log.warn("instance={} log=untrimmed error=\"{}\"", id, e.getMessage());
        }
    }

    /**
     * Removes an instance's files, its record last.
     *
     * @param almost reached when all but the record is gone
     */
    public void remove(String id, FaultPoint almost) {
        Path folder = folder(id);
        if (!Files.isDirectory(folder)) {
            return;
        }
        try {
            List<Path> files;
            try (Stream<Path> all = Files.list(folder)) {
                files = all.filter(file -> !file.endsWith(record)).toList();
            }
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            almost.reached();
            Files.deleteIfExists(folder.resolve(record));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw DriverException.passing("cannot remove " + folder + ": " + e.getMessage(), e);
        }
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path)) {
            channel.force(true);
        }
    }
}
