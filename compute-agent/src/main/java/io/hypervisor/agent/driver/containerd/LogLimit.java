package io.hypervisor.agent.driver.containerd;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Empties console logs that have become too long. Whatever writes them appends, so it goes on at
 * the new end.
 */
final class LogLimit {
    private static final Logger log = LoggerFactory.getLogger(LogLimit.class);

    private final Path containers;
    private final long maxBytes;
    private final Counter emptied;

    LogLimit(Path containers, long maxBytes, MeterRegistry meters) {
        this.containers = containers;
        this.maxBytes = maxBytes;
        this.emptied = meters.counter("hypervisor.containerd.logs.emptied");
    }

    void pass() {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(containers)) {
            for (Path folder : folders) {
                limit(folder.resolve("console.log"));
            }
        } catch (IOException e) {
            log.warn("console logs not limited folder={} reason=\"{}\"", containers, e.toString());
        }
    }

    private void limit(Path file) throws IOException {
        try {
            if (Files.exists(file) && Files.size(file) > maxBytes) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.truncate(0);
                    emptied.increment();
                }
            }
        } catch (NoSuchFileException destroyedMeanwhile) {
            // Nothing to limit.
        }
    }
}
