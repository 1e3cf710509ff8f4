package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.KeptLog;
import io.hypervisor.core.Clock;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks after the console logs of all containers. */
final class Logs {
    private static final Logger log = LoggerFactory.getLogger(Logs.class);

    private final Path containers;
    private final long maxBytes;
    private final Clock clock;

    Logs(Path containers, long maxBytes, Clock clock) {
        this.containers = containers;
        this.maxBytes = maxBytes;
        this.clock = clock;
    }

    void pass() {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(containers)) {
            for (Path folder : folders) {
                pass(folder.resolve("console.log"));
            }
        } catch (IOException e) {
            log.warn("console logs not limited folder={} reason=\"{}\"", containers, e.toString());
        }
    }

    private void pass(Path file) {
        try {
            new KeptLog(file).pass(maxBytes, clock.now());
        } catch (IOException e) {
            log.warn("console log not limited file={} reason=\"{}\"", file, e.toString());
        }
    }
}
