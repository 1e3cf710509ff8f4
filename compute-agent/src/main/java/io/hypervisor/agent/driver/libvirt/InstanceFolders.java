package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.libvirt.Blueprint.Disk;
import io.hypervisor.core.Command;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Ids;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** One folder for each instance, with its record first, then its disks. */
final class InstanceFolders {
    private static final Logger log = LoggerFactory.getLogger(InstanceFolders.class);

    private static final String RECORD = "instance.xml";
    private static final Duration QEMU_IMG = Duration.ofSeconds(60);
    // What a guest writes to its console is kept up to this size, then dropped.
    private static final long MAX_CONSOLE_LOG = 16L << 20;

    private final Path home;

    InstanceFolders(Path home) {
        this.home = home;
    }

    Path home() {
        return home;
    }

    Path folder(String id) {
        // An id becomes a path: nothing but a UUID may.
        if (!Ids.isId(id)) {
            throw DriverException.permanent("instance_id: value: not a UUID in lower case");
        }
        return home.resolve(id);
    }

    /** Ids of all instances that have a folder. */
    List<String> ids() {
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
    Optional<DomainRecord> record(String id) {
        Path file = folder(id).resolve(RECORD);
        try {
            return Optional.of(DomainRecord.parse(Files.readString(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            log.warn("instance={} record=unreadable error=\"{}\"", id, e.getMessage());
            return Optional.empty();
        }
    }

    /** Begins an instance. */
    void begin(String id, DomainRecord record) {
        Path folder = folder(id);
        try {
            Files.createDirectories(folder);
            Path half = folder.resolve(RECORD + ".new");
            Files.writeString(half, record.xml().toString());
            force(half);
            Files.move(half, folder.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE);
            force(folder);
        } catch (IOException e) {
            throw DriverException.passing("cannot write " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Makes the disks, over whatever an earlier attempt left. */
    void makeDisks(Blueprint blueprint) {
        try {
            for (Disk disk : blueprint.disks()) {
                List<String> command = new ArrayList<>(List.of("qemu-img", "create", "-q"));
                command.addAll(List.of("-f", "qcow2"));
                disk.base()
                        .ifPresent(
                                base -> {
                                    command.addAll(List.of("-F", base.format()));
                                    command.addAll(List.of("-b", base.path().toString()));
                                });
                command.add(disk.path().toString());
                command.add(Long.toString(disk.bytes()));
                Command.Ended made = Command.run(QEMU_IMG, command);
                if (!made.ok()) {
                    throw DriverException.passing(made.failure(), null);
                }
                force(disk.path());
            }
            force(blueprint.folder());
        } catch (IOException e) {
            throw DriverException.passing("cannot make disks: " + e.getMessage(), e);
        }
    }

    /** Whether the instance has disks. */
    boolean hasDisks(String id) {
        try (Stream<Path> files = Files.list(folder(id))) {
            return files.anyMatch(file -> file.toString().endsWith(".qcow2"));
        } catch (IOException e) {
            throw DriverException.passing("cannot list the disks: " + e.getMessage(), e);
        }
    }

    /** Empties a console log that is too long. QEMU appends, so it goes on at the new end. */
    void trimLog(String id) {
        Path file = DomainXml.consoleLog(folder(id));
        try {
            if (Files.exists(file) && Files.size(file) > MAX_CONSOLE_LOG) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.truncate(0);
                }
            }
        } catch (IOException e) {
            log.warn("instance={} log=untrimmed error=\"{}\"", id, e.getMessage());
        }
    }

    /** Removes an instance's files, its record last. */
    void remove(String id) {
        Path folder = folder(id);
        if (!Files.isDirectory(folder)) {
            return;
        }
        try {
            List<Path> files;
            try (Stream<Path> all = Files.list(folder)) {
                files = all.filter(file -> !file.endsWith(RECORD)).toList();
            }
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            FaultPoint.LIBVIRT_DESTROY_FILES_REMOVED.reached();
            Files.deleteIfExists(folder.resolve(RECORD));
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
