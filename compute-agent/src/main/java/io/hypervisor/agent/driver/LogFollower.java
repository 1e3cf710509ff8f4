package io.hypervisor.agent.driver;

import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Hands a {@link KeptLog}'s content to one reader: first its tail, then what is appended. Begins at
 * the start of a file that was truncated or replaced, and goes on behind what was given up. Holds
 * at most one chunk in memory, and reads only while the reader is ready.
 *
 * <p>It polls: a watch service would cost an inotify instance per follower, of which a machine has
 * 128. A poll is one stat of about two microseconds.
 */
public final class LogFollower implements AutoCloseable {
    /** What the reader gets at once at most, in bytes. */
    public static final int MAX_CHUNK = 16 * 1024;

    private static final Logger log = LoggerFactory.getLogger(LogFollower.class);
    // Somebody types or the guest writes: keystrokes are echoed before it can be felt.
    private static final Duration BUSY_POLL = Duration.ofMillis(4);
    private static final Duration IDLE_POLL = Duration.ofMillis(20);
    private static final Duration STAYS_BUSY = Duration.ofSeconds(2);

    /** Who reads. Called by one thread at a time. */
    public interface Reader {
        /** Whether it takes more; {@link LogFollower#wake} tells when it does again. */
        boolean isReady();

        /** Takes bytes. */
        void read(byte[] data);

        /** All that is there has been read. Returns whether to wait for more; false ends it. */
        boolean atEnd();
    }

    private final Path path;
    private final KeptLog kept;
    private final Tail tail;
    private final Clock clock;
    private final Tasks tasks;
    private final Reader reader;
    private final Executor serial;
    private Optional<Object> fileKey = Optional.empty();
    private long position = -1;
    private long busySince;
    private Tasks.Timer timer = () -> {};
    private volatile boolean closed;

    /**
     * Where to begin: at the latest of these places.
     *
     * @param bytes this far from the end
     * @param lines so many lines from the end; 0: does not matter
     * @param since where what was written since then begins
     */
    public record Tail(long bytes, int lines, Optional<Instant> since) {
        /** All that is kept. */
        public static final Tail ALL = new Tail(Long.MAX_VALUE, 0, Optional.empty());

        /** The last bytes. */
        public static Tail ofBytes(long bytes) {
            return new Tail(bytes, 0, Optional.empty());
        }
    }

    /** A follower that begins as {@code tail} says, once started. */
    public LogFollower(Path path, Tail tail, Clock clock, Tasks tasks, Reader reader) {
        this.path = path;
        this.kept = new KeptLog(path);
        this.tail = tail;
        this.clock = clock;
        this.tasks = tasks;
        this.reader = reader;
        this.serial = tasks.serial("log-follower");
        this.busySince = clock.nanos();
    }

    /** Begins. */
    public void start() {
        wake();
    }

    /** The reader is ready again. */
    public void wake() {
        serial.execute(this::poll);
    }

    /** Output is likely to come soon, because somebody has typed. */
    public void expect() {
        serial.execute(
                () -> {
                    busySince = clock.nanos();
                    poll();
                });
    }

    private void poll() {
        timer.cancel();
        if (closed) {
            return;
        }
        try {
            while (reader.isReady()) {
                byte[] data = next();
                if (data.length == 0) {
                    if (!reader.atEnd()) {
                        close();
                        return;
                    }
                    break;
                }
                busySince = clock.nanos();
                reader.read(data);
            }
        } catch (IOException e) {
            log.warn("log={}: cannot be read: {}", path, e.toString());
        }
        boolean busy = clock.nanos() - busySince < STAYS_BUSY.toNanos();
        timer = tasks.after(busy ? BUSY_POLL : IDLE_POLL, serial, this::poll);
    }

    /** The next bytes; none at the end of the file, or when there is no file yet. */
    private byte[] next() throws IOException {
        BasicFileAttributes file;
        try {
            file = Files.readAttributes(path, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
            position = 0;
            return new byte[0];
        }
        locate(file);
        long from = position;
        int length = (int) Math.min(MAX_CHUNK, file.size() - position);
        if (length == 0) {
            return new byte[0];
        }
        ByteBuffer chunk = ByteBuffer.allocate(length);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            int read = channel.read(chunk, position);
            if (read <= 0) {
                return new byte[0];
            }
            position += read;
            long start = kept.start();
            if (from < start && start <= file.size()) {
                // Given up meanwhile: what was read may be a hole.
                position = start;
                return next();
            }
            return read == length ? chunk.array() : Arrays.copyOf(chunk.array(), read);
        }
    }

    private void locate(BasicFileAttributes file) throws IOException {
        Optional<Object> key = Optional.ofNullable(file.fileKey());
        if (position < 0) {
            position = begin(file.size());
        } else if (file.size() < position
                || (fileKey.isPresent() && !Objects.equals(key, fileKey))) {
            position = 0;
        }
        fileKey = key;
    }

    private long begin(long size) throws IOException {
        long begin = Math.max(kept.start(), Math.max(0, size - tail.bytes()));
        if (tail.lines() > 0) {
            begin = Math.max(begin, kept.lastLines(tail.lines()));
        }
        if (tail.since().isPresent()) {
            begin = Math.max(begin, kept.since(tail.since().get()));
        }
        // Emptied meanwhile.
        return begin > size ? 0 : begin;
    }

    @Override
    public void close() {
        closed = true;
    }
}
