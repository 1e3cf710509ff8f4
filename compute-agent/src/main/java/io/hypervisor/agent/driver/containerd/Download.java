package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Locks;
import io.hypervisor.agent.registry.Descriptor;
import io.hypervisor.agent.registry.Repository;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Tasks;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/** Brings blobs from a registry into containerd, each by one transfer at a time. */
final class Download {
    private static final int CHUNK = 256 << 10;
    private static final int TRIES = 6;
    private static final Backoff PAUSES =
            new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5));
    private static final Duration WATCH = Duration.ofSeconds(1);
    // So many looks without a new byte, and the transfer counts as broken.
    private static final int STALLED = 30;

    private final Contents contents;
    private final Locks locks;
    private final Tasks tasks;
    private final CompletableFuture<Void> abandoned;

    /**
     * Ends early when {@code abandoned} completes.
     *
     * @param locks one for each blob, among all who download
     */
    Download(Contents contents, Locks locks, Tasks tasks, CompletableFuture<Void> abandoned) {
        this.contents = contents;
        this.locks = locks;
        this.tasks = tasks;
        this.abandoned = abandoned;
    }

    /** Fetches what is missing of a blob; says how many more of its bytes are there. */
    void fetch(Repository from, Descriptor blob, LongConsumer more) {
        locks.holding(blob.digest(), () -> fetchHeld(from, blob, more));
    }

    private void fetchHeld(Repository from, Descriptor blob, LongConsumer more) {
        AtomicLong told = new AtomicLong();
        LongConsumer reached = offset -> more.accept(offset - told.getAndSet(offset));
        for (int tried = 1; ; tried++) {
            checkWanted();
            Optional<Contents.Writer> open = contents.open(blob);
            if (open.isEmpty()) {
                reached.accept(blob.size());
                return;
            }
            boolean resumed = open.get().offset() > 0;
            try (Contents.Writer writer = open.get()) {
                copy(from, blob, writer, reached);
                writer.commit();
                return;
            } catch (DriverException e) {
                if (e.isPermanent()) {
                    open.get().close();
                    contents.abort(blob);
                }
                // Once more from the first byte if what an earlier transfer left may be at fault.
                if ((e.isPermanent() && !resumed) || tried == TRIES) {
                    throw e;
                }
            }
            pause(PAUSES.pause(tried));
        }
    }

    private void copy(
            Repository from, Descriptor blob, Contents.Writer writer, LongConsumer reached) {
        reached.accept(writer.offset());
        if (writer.offset() == blob.size()) {
            return;
        }
        Repository.Transfer transfer = from.blob(blob, writer.offset());
        if (transfer.offset() == 0) {
            writer.restart();
        }
        Tasks.Timer watch = watch(transfer.bytes(), writer);
        try (InputStream in = transfer.bytes()) {
            byte[] chunk = new byte[CHUNK];
            for (int n = in.readNBytes(chunk, 0, CHUNK);
                    n > 0;
                    n = in.readNBytes(chunk, 0, CHUNK)) {
                if (writer.offset() + n > blob.size()) {
                    throw DriverException.permanent(
                            "blob %s is corrupt: larger than %d bytes"
                                    .formatted(blob.digest(), blob.size()));
                }
                writer.write(chunk, n);
                reached.accept(writer.offset());
                checkWanted();
            }
        } catch (IOException e) {
            throw broken(from, blob, e);
        } finally {
            watch.cancel();
        }
        if (writer.offset() < blob.size()) {
            throw broken(from, blob, new IOException("it ended early"));
        }
    }

    private static DriverException broken(Repository from, Descriptor blob, IOException cause) {
        return DriverException.passing(
                "registry " + from.host() + ": blob " + blob.digest() + " broke off", cause);
    }

    // The client of HTTP waits for ever for the next byte.
    private Tasks.Timer watch(InputStream in, Contents.Writer writer) {
        AtomicLong last = new AtomicLong(-1);
        AtomicLong quiet = new AtomicLong();
        return tasks.every(
                WATCH,
                tasks.concurrent("image-watch"),
                () -> {
                    boolean moved = last.getAndSet(writer.offset()) != writer.offset();
                    long looks = moved ? 0 : quiet.get() + 1;
                    quiet.set(looks);
                    if (looks >= STALLED || abandoned.isDone()) {
                        end(in);
                    }
                });
    }

    private static void end(InputStream in) {
        try {
            in.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void checkWanted() {
        if (abandoned.isDone()) {
            throw DriverException.passing("nobody waits for the image any more", null);
        }
    }

    private void pause(Duration length) {
        try {
            tasks.await(abandoned, length);
        } catch (TimeoutException over) {
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DriverException.passing("the agent stops", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
