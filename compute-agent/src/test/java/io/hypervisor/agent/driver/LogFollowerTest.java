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
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

class LogFollowerTest {
    private static final Duration POLL = Duration.ofMillis(20);

    @TempDir Path folder;
    private final ManualTime time = new ManualTime();
    private final Collecting reader = new Collecting();
    private Path log;

    private static final class Collecting implements LogFollower.Reader {
        private final StringBuilder got = new StringBuilder();
        private boolean ready = true;
        private boolean goesOn = true;
        private int largest;
        private int ends;

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void read(byte[] data) {
            largest = Math.max(largest, data.length);
            got.append(new String(data, StandardCharsets.US_ASCII));
        }

        @Override
        public boolean atEnd() {
            ends++;
            return goesOn;
        }
    }

    @BeforeEach
    void path() {
        log = folder.resolve("log");
    }

    private LogFollower follow(long tail) {
        return follow(LogFollower.Tail.ofBytes(tail));
    }

    private LogFollower follow(LogFollower.Tail tail) {
        LogFollower follower = new LogFollower(log, tail, time, time, reader);
        follower.start();
        time.settle();
        return follower;
    }

    private void append(String text) throws IOException {
        Files.writeString(log, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    void beginsWithTheTail() throws IOException {
        append("0123456789");
        follow(4);
        assertThat(reader.got).hasToString("6789");
    }

    @Test
    void followsWhatIsAppended() throws IOException {
        follow(100);
        assertThat(reader.got).isEmpty();
        append("one ");
        time.pass(POLL);
        append("two");
        time.pass(POLL);
        assertThat(reader.got).hasToString("one two");
    }

    @Test
    void showsWhatIsWrittenWithin30MillisecondsEvenAfterSilence() throws IOException {
        follow(100);
        time.pass(Duration.ofHours(1));
        append("x");
        time.pass(Duration.ofMillis(29));
        assertThat(reader.got).hasToString("x");
    }

    @Test
    void survivesTruncation() throws IOException {
        append("old content");
        follow(100);
        Files.writeString(log, "new");
        time.pass(POLL);
        assertThat(reader.got).hasToString("old contentnew");
    }

    @Test
    void survivesReplacementByALongerFile() throws IOException {
        append("old");
        follow(100);
        Files.writeString(folder.resolve("next"), "longer than before");
        Files.move(folder.resolve("next"), log, StandardCopyOption.ATOMIC_MOVE);
        time.pass(POLL);
        assertThat(reader.got).hasToString("oldlonger than before");
    }

    @Test
    void readsNoMoreThanIsTaken() throws IOException {
        append("x".repeat(100_000));
        reader.ready = false;
        LogFollower follower = follow(Long.MAX_VALUE);
        time.pass(Duration.ofSeconds(1));
        assertThat(reader.got).isEmpty();
        reader.ready = true;
        follower.wake();
        time.settle();
        assertThat(reader.got).hasSize(100_000);
        assertThat(reader.largest).isEqualTo(LogFollower.MAX_CHUNK);
    }

    @Test
    void endsWhenTheReaderSaysSo() throws IOException {
        append("all");
        reader.goesOn = false;
        follow(100);
        append("more");
        time.pass(Duration.ofMinutes(1));
        assertThat(reader.got).hasToString("all");
        assertThat(reader.ends).isEqualTo(1);
    }

    @Test
    void closedReadsNothing() throws IOException {
        follow(100).close();
        append("x");
        time.pass(Duration.ofMinutes(1));
        assertThat(reader.got).isEmpty();
    }
}
