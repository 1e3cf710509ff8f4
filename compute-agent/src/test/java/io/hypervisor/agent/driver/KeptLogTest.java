package io.hypervisor.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.testing.ManualTime;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

class KeptLogTest {
    private static final long MAX = 64 * 1024;
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final String LINE = "%06d " + "x".repeat(92) + "\n";

    @TempDir Path folder;
    private Path file;
    private KeptLog log;
    private int lines;

    /** Takes everything at once, and ends at the end. */
    private static final class All implements LogFollower.Reader {
        private final StringBuilder got = new StringBuilder();
        private boolean ready = true;

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void read(byte[] data) {
            got.append(new String(data, StandardCharsets.US_ASCII));
        }

        @Override
        public boolean atEnd() {
            return true;
        }
    }

    @BeforeEach
    void open() {
        file = folder.resolve("console.log");
        log = new KeptLog(file);
    }

    private void write(int count) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(LINE.formatted(lines++));
        }
        append(text.toString());
    }

    private void append(String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private void pass(int second) throws IOException {
        log.pass(MAX, START.plusSeconds(second));
    }

    private String read(LogFollower.Tail tail) {
        ManualTime time = new ManualTime();
        All reader = new All();
        LogFollower follower = new LogFollower(file, tail, time, time, reader);
        follower.start();
        time.settle();
        follower.close();
        return reader.got.toString();
    }

    private String since(int second) {
        return read(
                new LogFollower.Tail(Long.MAX_VALUE, 0, Optional.of(START.plusSeconds(second))));
    }

    private String last(int count) {
        return read(new LogFollower.Tail(Long.MAX_VALUE, count, Optional.empty()));
    }

    private long blocks() throws IOException {
        // In blocks of 512 bytes.
        Process stat = new ProcessBuilder("stat", "--format=%b", file.toString()).start();
        return Long.parseLong(
                new String(stat.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
    }

    @Test
    void keepsTheNewestAndGivesTheOthersSpaceBack() throws IOException {
        for (int i = 0; i < 12; i++) {
            write(200);
            pass(i);
            assertThat(blocks() * 512).isLessThan(MAX + 200 * 101 + 8192);
            String kept = read(LogFollower.Tail.ALL);
            assertThat(kept.length())
                    .isBetween((int) Math.min(MAX / 2, (i + 1) * 19_800L), (int) MAX);
            assertThat(kept).endsWith(LINE.formatted(lines - 1));
            // Whole lines.
            assertThat(kept.length() % LINE.formatted(0).length()).isZero();
        }
    }

    @Test
    void aReaderThatFallsBehindGoesOnWithWhatIsLeft() throws IOException {
        ManualTime time = new ManualTime();
        All reader = new All();
        write(10);
        LogFollower follower = new LogFollower(file, LogFollower.Tail.ALL, time, time, reader);
        follower.start();
        time.settle();
        reader.ready = false;
        write(5000);
        pass(1);
        reader.ready = true;
        follower.wake();
        time.settle();
        write(1);
        time.pass(Duration.ofSeconds(1));
        follower.close();
        assertThat(reader.got.toString())
                .startsWith(LINE.formatted(0))
                .endsWith(LINE.formatted(5009) + LINE.formatted(5010))
                .doesNotContain("\0", LINE.formatted(10));
    }

    @Test
    void lastLines() throws IOException {
        assertThat(last(1)).isEmpty();
        append("one\ntwo\n\nfour");
        assertThat(last(1)).isEqualTo("four");
        assertThat(last(2)).isEqualTo("\nfour");
        assertThat(last(3)).isEqualTo("two\n\nfour");
        assertThat(last(9)).isEqualTo("one\ntwo\n\nfour");
        append("\n");
        assertThat(last(1)).isEqualTo("four\n");
        write(2000);
        assertThat(last(1500))
                .isEqualTo(read(LogFollower.Tail.ofBytes(1500L * LINE.formatted(0).length())));
    }

    @Test
    void sinceBeginsAtTheLastTimeNotedBefore() throws IOException {
        append("a\n");
        pass(10);
        append("b\n");
        pass(20);
        pass(30);
        append("c\n");
        pass(40);
        assertThat(since(5)).isEqualTo("a\nb\nc\n");
        assertThat(since(10)).isEqualTo("b\nc\n");
        assertThat(since(15)).isEqualTo("b\nc\n");
        assertThat(since(29)).isEqualTo("c\n");
        assertThat(since(50)).isEmpty();
        append("d\n");
        assertThat(since(50)).isEqualTo("d\n");
    }

    @Test
    void anEmptiedLogBeginsAnew() throws IOException {
        write(3000);
        pass(1);
        Files.writeString(file, "new\n");
        pass(2);
        assertThat(read(LogFollower.Tail.ALL)).isEqualTo("new\n");
        assertThat(since(3)).isEmpty();
        assertThat(since(1)).isEqualTo("new\n");
    }

    @Test
    void timesAreFewAndTheNewestStays() throws IOException {
        // As if most of the passes had been made before.
        StringBuilder times = new StringBuilder();
        for (int i = 0; i < 8900; i++) {
            times.append(START.plusSeconds(i).toEpochMilli())
                    .append(' ')
                    .append(2 * i + 2)
                    .append('\n');
        }
        append("x\n".repeat(8900));
        Files.writeString(folder.resolve("console.log.times"), times);
        for (int i = 8900; i < 9000; i++) {
            append("x\n");
            pass(i);
        }
        assertThat(folder.resolve("console.log.times").toFile().length()).isLessThan(130_000);
        assertThat(since(8999)).isEmpty();
        assertThat(since(8990)).hasSizeBetween(18, 22);
        assertThat(since(4000)).hasSizeBetween(2 * 4999, 2 * 5010);
    }

    @Test
    void whatIsBesideALogAndCannotBeReadIsNoMatter() throws IOException {
        append("a\n");
        Files.writeString(folder.resolve("console.log.start"), "");
        Files.writeString(folder.resolve("console.log.times"), "17 x\n\n5");
        assertThat(read(LogFollower.Tail.ALL)).isEqualTo("a\n");
        pass(1);
        append("b\n");
        pass(2);
        assertThat(since(2)).isEmpty();
    }
}
