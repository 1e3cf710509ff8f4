package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import io.hypervisor.network.testing.Namespace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Packets of a device as tcpdump writes them down, a line each. */
final class Capture implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(15);

    private final Path file;
    private final Process tcpdump;

    /** Has begun when it returns. */
    Capture(Namespace namespace, String device, String... filter) {
        try {
            file = Files.createTempFile("capture", ".txt");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> command = new ArrayList<>(List.of("tcpdump", "-l", "-n", "-i", device));
        command.addAll(List.of(filter));
        tcpdump = namespace.start(file, command.toArray(String[]::new));
        awaitLine("listening on");
    }

    /** Waits until a packet's line holds all of these. */
    void awaitLine(String... parts) {
        await().atMost(SOON).until(() -> has(parts));
    }

    /** Whether a packet's line holds all of these. */
    boolean has(String... parts) {
        return text().lines().anyMatch(line -> List.of(parts).stream().allMatch(line::contains));
    }

    /** All that was seen. */
    String text() {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        tcpdump.destroyForcibly().onExit().join();
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
