package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.containerd.wire.Container;
import io.hypervisor.core.Command;
import io.hypervisor.core.Ids;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What exists of instances of ours beside containerd's records: folders, state of the runtime,
 * network namespaces. Usually each has its record; what has none was left when somebody else
 * removed that, or containerd lost it. Whose something is, its place or its mark says, never its
 * name alone.
 */
final class Orphans {
    private static final Logger log = LoggerFactory.getLogger(Orphans.class);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private final Containers containers;
    private final Folders records;
    private final Netns netns;
    private final Path folders;
    private final Path runtime;
    // Namespaces of other agents, so that each is looked into once. As many as there are.
    private final Set<String> foreign = ConcurrentHashMap.newKeySet();

    Orphans(ContainerdConfig config, Containers containers, Folders records, Netns netns) {
        this.containers = containers;
        this.records = records;
        this.netns = netns;
        this.folders = config.data().resolve("container");
        // The shim adds containerd's namespace to the root that it is told.
        this.runtime = config.data().resolve("runc").resolve(config.namespace());
    }

    /** Ids of all instances of which something may exist: {@link #find} tells whether. */
    Set<String> ids() {
        Set<String> ids = new TreeSet<>(in(folders));
        ids.addAll(in(runtime));
        Set<String> namespaces = Netns.all();
        foreign.retainAll(namespaces);
        namespaces.stream().filter(id -> !foreign.contains(id)).forEach(ids::add);
        return ids;
    }

    private static Set<String> in(Path folder) {
        Set<String> ids = new TreeSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            all.forEach(path -> ids.add(path.getFileName().toString()));
        } catch (NoSuchFileException e) {
            // Nothing has run yet.
        } catch (IOException e) {
            throw DriverException.passing("cannot list " + folder + ": " + e, e);
        }
        ids.removeIf(name -> !Ids.isId(name));
        return ids;
    }

    /** What is left of an instance that has no record. Its lock must be held. */
    Optional<Found> find(String id) {
        String parts = parts(id);
        if (parts.isEmpty()) {
            return Optional.empty();
        }
        Folders.Owner owner = records.owner(id);
        return Optional.of(
                new Found(
                        id,
                        owner.epoch(),
                        0,
                        owner.local(),
                        Found.State.PARTIAL,
                        Found.Exit.NONE,
                        OptionalInt.empty(),
                        "left without a record: " + parts,
                        Optional.empty()));
    }

    /** Gives what is left of one without a record a record again, by which it can be removed. */
    Optional<Container> adopt(String id) {
        return find(id).map(
                        found -> {
                            log.warn("instance={}: {}", id, found.reason());
                            return containers.adopt(
                                    id, Marks.fresh(found.epoch(), 0, found.local(), Signals.KILL));
                        });
    }

    /** In words; empty: nothing. */
    private String parts(String id) {
        List<String> parts = new ArrayList<>();
        if (Files.isDirectory(folders.resolve(id), LinkOption.NOFOLLOW_LINKS)) {
            parts.add("a folder");
        }
        if (Files.isDirectory(runtime.resolve(id), LinkOption.NOFOLLOW_LINKS)) {
            parts.add("state of the runtime");
        }
        if (netns.isMarked(id)) {
            parts.add("a network namespace");
        }
        if (parts.isEmpty() && Files.exists(Netns.path(id))) {
            foreign.add(id);
        }
        return String.join(", ", parts);
    }

    /** Removes what the runtime knows of one that has no task, and its control groups. */
    void removeRuntime(String id) {
        if (Files.isDirectory(runtime.resolve(id), LinkOption.NOFOLLOW_LINKS)) {
            Command.Ended ended =
                    Command.run(
                            PATIENCE,
                            List.of("runc", "--root", runtime.toString(), "delete", "--force", id));
            if (!ended.ok()) {
                throw DriverException.passing(ended.failure(), null);
            }
            log.warn("instance={} runtime=removed: it had no task", id);
        }
    }

    /** Removes empty control groups that a runtime that was killed may have left. */
    void removeGroups(String id) {
        List<Path> groups = new ArrayList<>(List.of(group(CGROUPS, id)));
        try (DirectoryStream<Path> controllers = Files.newDirectoryStream(CGROUPS)) {
            controllers.forEach(controller -> groups.add(group(controller, id)));
            for (Path group : groups) {
                if (Files.isDirectory(group, LinkOption.NOFOLLOW_LINKS)) {
                    Files.delete(group);
                }
            }
        } catch (IOException e) {
            throw DriverException.passing("cannot remove control groups of " + id + ": " + e, e);
        }
    }

    private static Path group(Path parent, String id) {
        return parent.resolve("hypervisor").resolve(id);
    }
}
