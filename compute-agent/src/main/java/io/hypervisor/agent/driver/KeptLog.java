package io.hypervisor.agent.driver;

import io.hypervisor.core.Command;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * One instance's log: a file that somebody else appends to, whatever happens to this process. What
 * is too old becomes a hole at its beginning, so that nothing is lost between, and a place in the
 * file stays what it is. Two small files beside it say where the hole ends, and how far the log had
 * come when.
 */
public final class KeptLog {
    private static final Logger log = LoggerFactory.getLogger(KeptLog.class);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int BLOCK = 4096;
    private static final int SCAN = 64 * 1024;
    // About 100 KiB, read at once and seldom.
    private static final int MAX_MARKS = 4096;
    // No line of the index is longer.
    private static final int MARK = 64;

    private final Path file;
    private final Path startFile;
    private final Path timesFile;

    /** When the log had come how far. */
    private record Mark(long millis, long offset) {
        static Mark parse(String line) {
            int space = line.indexOf(' ');
            return new Mark(
                    Long.parseLong(line.substring(0, space)),
                    Long.parseLong(line.substring(space + 1)));
        }

        String line() {
            return millis + " " + offset + "\n";
        }
    }

    /** The log at this path, which may not exist yet. */
    public KeptLog(Path file) {
        this.file = file;
        this.startFile = file.resolveSibling(file.getFileName() + ".start");
        this.timesFile = file.resolveSibling(file.getFileName() + ".times");
    }

    /** The first byte that is kept. */
    long start() throws IOException {
        try {
            return number(Files.readString(startFile).strip());
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    // A power cut may leave an empty file; then the hole reads as zeros, once.
    private static long number(String text) {
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }

    /** Looks once: notes how far the log has come by now, and gives up what is too much. */
    public void pass(long maxBytes, Instant now) throws IOException {
        try {
            long size = Files.size(file);
            Mark last = lastMark();
            if (size < last.offset()) {
                // Emptied or replaced.
                Files.deleteIfExists(timesFile);
                Files.deleteIfExists(startFile);
                last = new Mark(0, 0);
            }
            if (size != last.offset()) {
                note(new Mark(now.toEpochMilli(), size));
            }
            if (size - start() > maxBytes) {
                cut(size - maxBytes * 3 / 4);
            }
        } catch (NoSuchFileException notYet) {
            // Nothing to keep.
        }
    }

    private void note(Mark mark) throws IOException {
        Files.writeString(
                timesFile, mark.line(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (Files.size(timesFile) > (long) MAX_MARKS * mark.line().length()) {
            List<Mark> marks = marks();
            StringBuilder fewer = new StringBuilder();
            for (int i = marks.size() % 2; i < marks.size(); i += 2) {
                // The last one stays.
                fewer.append(marks.get(Math.min(i + 1, marks.size() - 1)).line());
            }
            replace(timesFile, fewer.toString());
        }
    }

    private Mark lastMark() throws IOException {
        try (FileChannel channel = FileChannel.open(timesFile, StandardOpenOption.READ)) {
            long from = Math.max(0, channel.size() - MARK);
            String tail = read(channel, from, MARK);
            List<String> lines = complete(from == 0 ? "\n" + tail : tail);
            return lines.isEmpty() ? new Mark(0, 0) : Mark.parse(lines.getLast());
        } catch (NoSuchFileException e) {
            return new Mark(0, 0);
        }
    }

    private List<Mark> marks() throws IOException {
        List<Mark> marks = new ArrayList<>();
        try {
            for (String line : complete("\n" + Files.readString(timesFile))) {
                marks.add(Mark.parse(line));
            }
        } catch (NoSuchFileException e) {
            // No pass has seen the log yet.
        }
        return marks;
    }

    // Lines that begin and end within the text, and are what they should be.
    private static List<String> complete(String text) {
        int first = text.startsWith("\n") ? 0 : text.indexOf('\n');
        int last = text.lastIndexOf('\n');
        List<String> lines = new ArrayList<>();
        if (first >= 0) {
            for (String line : text.substring(first, last).split("\n", -1)) {
                if (line.matches("[0-9]{1,18} [0-9]{1,18}")) {
                    lines.add(line);
                }
            }
        }
        return lines;
    }

    /** Gives up what is before the first line that begins after {@code from}. */
    private void cut(long from) throws IOException {
        long start = lineAfter(from);
        replace(startFile, start + "\n");
        long hole = start / BLOCK * BLOCK;
        Command.Ended punched =
                Command.run(
                        PATIENCE,
                        List.of(
                                "fallocate",
                                "--punch-hole",
                                "--offset",
                                "0",
                                "--length",
                                Long.toString(Math.max(BLOCK, hole)),
                                file.toString()));
        if (!punched.ok()) {
            log.warn(
                    "log={}: emptied, for its file system makes no holes: {}",
                    file,
                    punched.failure());
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(0);
            }
            Files.deleteIfExists(startFile);
            Files.deleteIfExists(timesFile);
        }
    }

    private long lineAfter(long from) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            int newline = read(channel, from, SCAN).indexOf('\n');
            return newline < 0 ? from : from + newline + 1;
        }
    }

    private static void replace(Path path, String content) throws IOException {
        Path half = path.resolveSibling(path.getFileName() + ".new");
        Files.writeString(half, content);
        Files.move(half, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Where to begin to show what was written since then; what is before it is older. */
    long since(Instant time) throws IOException {
        long at = 0;
        for (Mark mark : marks()) {
            if (mark.millis() <= time.toEpochMilli()) {
                at = mark.offset();
            }
        }
        return at;
    }

    /** Where the last so many lines begin. */
    long lastLines(int lines) throws IOException {
        long start = start();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long end = channel.size();
            // A newline at the very end does not begin another line.
            int left = lines + (end > 0 && read(channel, end - 1, 1).equals("\n") ? 1 : 0);
            for (long to = end; to > start; to -= SCAN) {
                long from = Math.max(start, to - SCAN);
                String text = read(channel, from, (int) (to - from));
                for (int i = text.length() - 1; i >= 0; i--) {
                    if (text.charAt(i) == '\n' && --left == 0) {
                        return from + i + 1;
                    }
                }
            }
        } catch (NoSuchFileException notYet) {
            // Its first line is yet to come.
        }
        return start;
    }

    private static String read(FileChannel channel, long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        int read = channel.read(bytes, from);
        return new String(bytes.array(), 0, Math.max(0, read), StandardCharsets.ISO_8859_1);
    }
}
