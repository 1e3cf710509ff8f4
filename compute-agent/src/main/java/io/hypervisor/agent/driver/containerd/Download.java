package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Locks;
import io.hypervisor.agent.driver.Wanted;
import io.hypervisor.agent.registry.Descriptor;
import io.hypervisor.agent.registry.Repository;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Tasks;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/** Brings blobs from a registry into containerd, each by one transfer at a time. */
final class Download {
    private static final int CHUNK = 256 << 10;
    private static final int TRIES = 6;
    private static final Backoff PAUSES =
            new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5));

    private final Contents contents;
    private final Locks locks;
    private final Wanted wanted;

    /**
     * Ends early when nobody wants it any more.
     *
     * @param locks one for each blob, among all who download
     */
    Download(Contents contents, Locks locks, Wanted wanted) {
        this.contents = contents;
        this.locks = locks;
        this.wanted = wanted;
    }

    /** Fetches what is missing of a blob; says how many more of its bytes are there. */
    void fetch(Repository from, Descriptor blob, LongConsumer more) {
        locks.holding(blob.digest(), () -> fetchHeld(from, blob, more));
    }

    private void fetchHeld(Repository from, Descriptor blob, LongConsumer more) {
        AtomicLong told = new AtomicLong();
        LongConsumer reached = offset -> more.accept(offset - told.getAndSet(offset));
        for (int tried = 1; ; tried++) {
            wanted.check();
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
            wanted.pause(PAUSES.pause(tried));
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
        Tasks.Timer watch = wanted.watch(transfer.bytes(), writer::offset);
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
                wanted.check();
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
}
