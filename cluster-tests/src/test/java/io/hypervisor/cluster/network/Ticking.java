package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A TCP connection with a few bytes each tenth of a second, and back. */
record Ticking(Process process, Path echoed) implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(20);
    // Longer than a sender waits before it tries again, after a few seconds of silence.
    private static final Duration SILENCE = Duration.ofSeconds(2);

    static Ticking start(Endpoint from, String server, int port) {
        try {
            Path echoed = Files.createTempFile("ticking", "");
            Process process =
                    from.guest.start(
                            echoed,
                            "sh",
                            "-c",
                            "while echo tick; do sleep 0.1; done | socat - TCP4:$0:$1",
                            server,
                            "" + port);
            return new Ticking(process, echoed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until more has come back. */
    void awaitMore() {
        long before = size();
        await().atMost(SOON).until(() -> size() > before);
    }

    /** Waits until nothing has come back for a while. */
    void awaitNoMore() {
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(50))
                .during(SILENCE)
                .until(new Unchanged(this)::sinceAsked);
    }

    /** Whether a size stays what it was when asked last. */
    private static final class Unchanged {
        private final Ticking ticking;
        private long last = -1;

        Unchanged(Ticking ticking) {
            this.ticking = ticking;
        }

        boolean sinceAsked() {
            long before = last;
            last = ticking.size();
            return last == before;
        }
    }

    private long size() {
        try {
            return Files.size(echoed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        try {
            Files.delete(echoed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
