package io.hypervisor.agent.image;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls.Progress;
import io.hypervisor.agent.driver.ImagePulls.Stage;
import io.hypervisor.agent.driver.Wanted;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Tasks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.function.Consumer;

/**
 * Brings one file, going on where an earlier attempt ended. What was brought is read once more
 * then, so that the digest is over what is on the disk.
 */
final class Fetch {
    private static final int CHUNK = 256 << 10;
    private static final int TRIES = 6;
    private static final Backoff PAUSES =
            new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5));
    // What a node needs for itself.
    private static final long LEFT_FREE = 256L << 20;

    private final Source from;
    private final ImageSource image;
    private final Path part;
    private final long most;
    private final Wanted wanted;
    private final Consumer<Progress> progress;
    private volatile long reached;

    /** A file to become {@code part}, of at most so many bytes. */
    Fetch(
            Source from,
            ImageSource image,
            Path part,
            long most,
            Wanted wanted,
            Consumer<Progress> progress) {
        this.from = from;
        this.image = image;
        this.part = part;
        this.most = most;
        this.wanted = wanted;
        this.progress = progress;
    }

    /** Returns when all is there and its digest is right. */
    void run() throws IOException {
        for (int tried = 1; ; tried++) {
            wanted.check();
            try {
                attempt();
                return;
            } catch (DriverException e) {
                if (e.isPermanent() || tried == TRIES) {
                    throw e;
                }
            }
            wanted.pause(PAUSES.pause(tried));
        }
    }

    private void attempt() throws IOException {
        try (FileChannel file =
                FileChannel.open(
                        part,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            MessageDigest digest = sha256();
            reached = digested(file, digest);
            if (reached > 0 && isRight(digest)) {
                return;
            }
            boolean resumed = copy(file, digest);
            file.force(true);
            String found = hex(digest);
            if (!found.equals(image.getSha256())) {
                file.truncate(0);
                String message =
                        "%s is corrupt: sha256: found: %s (expected: %s)"
                                .formatted(Source.visible(image), found, image.getSha256());
                // Once more from the first byte if what an earlier attempt left may be at fault.
                throw resumed
                        ? DriverException.passing(message, null)
                        : DriverException.permanent(message);
            }
        }
    }

    /** Whether it went on from what was there. */
    private boolean copy(FileChannel file, MessageDigest digest) throws IOException {
        Source.Transfer transfer = from.open(image, reached);
        try (InputStream in = transfer.bytes()) {
            if (transfer.offset() != reached) {
                digest.reset();
                file.truncate(0);
                reached = 0;
            }
            checkRoom(transfer.total());
            copy(in, transfer, file, digest);
        }
        return transfer.offset() > 0;
    }

    private void copy(
            InputStream in, Source.Transfer transfer, FileChannel file, MessageDigest digest)
            throws IOException {
        long total = Math.max(0, transfer.total());
        long there = reached;
        file.position(there);
        Tasks.Timer watch = wanted.watch(in, () -> reached);
        byte[] chunk = new byte[CHUNK];
        try {
            for (int n = read(in, chunk); n > 0; n = read(in, chunk)) {
                write(file, ByteBuffer.wrap(chunk, 0, n));
                digest.update(chunk, 0, n);
                there += n;
                reached = there;
                checkSize(there);
                progress.accept(new Progress(Stage.DOWNLOADING, there, total));
                wanted.check();
            }
        } finally {
            watch.cancel();
        }
        if (there < total) {
            throw brokeOff(new IOException("it ended early"));
        }
    }

    private int read(InputStream in, byte[] chunk) {
        try {
            return in.readNBytes(chunk, 0, CHUNK);
        } catch (IOException e) {
            throw brokeOff(e);
        }
    }

    private DriverException brokeOff(IOException cause) {
        wanted.check();
        return DriverException.passing(Source.visible(image) + " broke off", cause);
    }

    private void checkSize(long bytes) {
        if (bytes > most) {
            throw DriverException.permanent(
                    "%s: size: found: %d bytes or more (expected: at most %d)"
                            .formatted(Source.visible(image), bytes, most));
        }
    }

    private void checkRoom(long total) throws IOException {
        checkSize(total);
        long room = room(part);
        if (total - reached > room) {
            throw DriverException.passing(
                    "%s needs %d bytes, and %s has %d"
                            .formatted(
                                    Source.visible(image),
                                    total - reached,
                                    part.getParent(),
                                    Math.max(0, room)),
                    null);
        }
    }

    /** How many bytes there may take; negative if there are too many already. */
    static long room(Path path) throws IOException {
        return Files.getFileStore(path).getUsableSpace() - LEFT_FREE;
    }

    private long digested(FileChannel file, MessageDigest digest) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        while (file.read(chunk) >= 0) {
            digest.update(chunk.flip());
            chunk.clear();
            wanted.check();
        }
        return file.position();
    }

    private static void write(FileChannel file, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    private boolean isRight(MessageDigest digest) {
        try {
            return hex((MessageDigest) digest.clone()).equals(image.getSha256());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
