package io.hypervisor.cluster;

import static org.awaitility.Awaitility.await;

import io.hypervisor.core.FaultPoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Holds the cluster's processes at fault points. */
record FaultFolder(Path folder) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** The environment of processes that are to be held. */
    Map<String, String> environment() {
        return Map.of(FaultPoint.VARIABLE, folder.toString());
    }

    /** From now on whoever reaches these points waits there. */
    void arm(Collection<FaultPoint> points) {
        for (FaultPoint point : points) {
            write(point.fileName());
        }
    }

    private void write(String name) {
        try {
            Files.createDirectories(folder);
            Files.createFile(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until so many wait at each point. */
    void awaitReached(Collection<FaultPoint> expected) {
        Map<FaultPoint, Long> counts = new TreeMap<>();
        expected.forEach(point -> counts.merge(point, 1L, Long::sum));
        counts.forEach(
                (point, count) ->
                        await("%d at %s".formatted(count, point.fileName()))
                                .atMost(PATIENCE)
                                .pollInterval(Duration.ofMillis(10))
                                .until(() -> reached(point) >= count));
    }

    private long reached(FaultPoint point) {
        Path file = folder.resolve(point.fileName() + ".reached");
        try {
            return Files.exists(file) ? Files.readAllLines(file).size() : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets everybody go on, and forgets who was where. */
    void release() {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
