package io.hypervisor.agent.driver.fake;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What exists, whatever becomes of the drivers that look at it: the daemon of a fake driver. Holds
 * the instances of one type.
 */
public final class FakeWorld {
    private final Map<String, FakeInstance> instances = new ConcurrentHashMap<>();
    private final Path root;
    private final boolean durable;

    private FakeWorld(Path root, boolean durable) {
        this.root = root;
        this.durable = durable;
    }

    /** A world in this object; {@code root} holds the logs of consoles that were used. */
    public static FakeWorld inMemory(Path root) {
        return new FakeWorld(root, false);
    }

    /** A world in this folder, which survives the process. One process at a time. */
    public static FakeWorld at(Path root) {
        FakeWorld world = new FakeWorld(root, true);
        world.load();
        return world;
    }

    /** What exists at this time. */
    public List<Found> found(Instant now) {
        return instances.values().stream().map(i -> i.at(now).found()).toList();
    }

    /** How many processors an instance has; 0 if there is no such instance. */
    public int cores(String id) {
        return get(id).map(FakeInstance::cores).orElse(0);
    }

    /** Ends everything that runs, as a power cut does. */
    public void losePower(Instant now) {
        all().stream()
                .map(i -> i.at(now))
                .filter(i -> i.found().state() == Found.State.RUNNING)
                .forEach(i -> put(i.ended(Found.Exit.UNKNOWN, OptionalInt.empty(), "")));
    }

    Optional<FakeInstance> get(String id) {
        return Optional.ofNullable(instances.get(id));
    }

    List<FakeInstance> all() {
        return List.copyOf(instances.values());
    }

    void put(FakeInstance instance) {
        String id = instance.found().instanceId();
        if (durable) {
            save(folder(id), instance.toProperties());
        }
        instances.put(id, instance);
    }

    void remove(String id) {
        Path folder = folder(id);
        try {
            Files.deleteIfExists(folder.resolve("state"));
            Files.deleteIfExists(folder.resolve("state.new"));
            Files.deleteIfExists(log(id));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw DriverException.passing("cannot remove " + folder, e);
        }
        instances.remove(id);
    }

    Path log(String id) {
        return folder(id).resolve("console.log");
    }

    void append(String id, byte[] data) {
        try {
            Files.createDirectories(folder(id));
            Files.write(log(id), data, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw DriverException.passing("cannot write " + log(id), e);
        }
    }

    private Path folder(String id) {
        return root.resolve(id);
    }

    private static void save(Path folder, Properties state) {
        Path next = folder.resolve("state.new");
        try {
            Files.createDirectories(folder);
            try (Writer out = Files.newBufferedWriter(next)) {
                state.store(out, "fake instance");
            }
            Files.move(next, folder.resolve("state"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw DriverException.passing("cannot write " + next, e);
        }
    }

    private void load() {
        try {
            Files.createDirectories(root);
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(root)) {
                for (Path folder : folders) {
                    Path state = folder.resolve("state");
                    if (Files.exists(state)) {
                        FakeInstance instance = read(state);
                        instances.put(instance.found().instanceId(), instance);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + root, e);
        }
    }

    private static FakeInstance read(Path state) throws IOException {
        Properties in = new Properties();
        try (Reader reader = Files.newBufferedReader(state)) {
            in.load(reader);
        }
        return FakeInstance.of(in);
    }
}
