package io.hypervisor.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

class IdsTest {
    @Test
    void idsAreVersion7AndSortByTime() {
        AtomicLong millis = new AtomicLong(1_700_000_000_000L);
        Clock clock = new TestClock(millis);
        Ids ids = new Ids(clock, new Random(1));
        String before = ids.next();
        millis.incrementAndGet();
        String after = ids.next();
        assertThat(before).isLessThan(after);
        assertThat(UUID.fromString(before).version()).isEqualTo(7);
        assertThat(UUID.fromString(before).variant()).isEqualTo(2);
        assertThat(Ids.isId(before)).isTrue();
    }

    @Test
    void onlyCanonicalLowerCaseIsAnId() {
        assertThat(Ids.isId("018bcfe5-6800-7fff-8000-0000000000ff")).isTrue();
        assertThat(Ids.isId("018BCFE5-6800-7fff-8000-0000000000ff")).isFalse();
        assertThat(Ids.isId("018bcfe5-6800-7fff-8000-0000000000ff\n")).isFalse();
        assertThat(Ids.isId("")).isFalse();
        assertThat(Ids.isId("../../etc/passwd")).isFalse();
    }

    private record TestClock(AtomicLong millis) implements Clock {
        @Override
        public Instant now() {
            return Instant.ofEpochMilli(millis.get());
        }

        @Override
        public long nanos() {
            return millis.get() * 1_000_000;
        }
    }
}
