package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;

class UnitsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "17, 17",
        "17B, 17",
        "512MiB, 536870912",
        "512m, 536870912",
        "500MB, 500000000",
        "1.5GiB, 1610612736",
        "2T, 2199023255552"
    })
    void readsSizes(String text, long bytes) {
        assertThat(Units.bytes(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GiB", "-1", "1.5", "1 GiB", "1GiBB", "1ib", "1bb", "9999999PiB"})
    void refusesOtherSizes(String text) {
        assertThatThrownBy(() -> Units.bytes(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Property
    void wholeSizesReadBackAsTheyWereWritten(@ForAll @LongRange(min = 0, max = 1023) long mib) {
        assertThat(Units.bytes(Units.size(mib << 20))).isEqualTo(mib << 20);
    }

    @Test
    void readsTimes() {
        assertThat(Units.time("500ms")).isEqualTo(Duration.ofMillis(500));
        assertThat(Units.time("1.5m")).isEqualTo(Duration.ofSeconds(90));
        assertThatThrownBy(() -> Units.time("60")).hasMessageContaining("'60' is no time");
    }

    @Test
    void writesSpans() {
        assertThat(Units.span(Duration.ofSeconds(59))).isEqualTo("59s");
        assertThat(Units.span(Duration.ofHours(47))).isEqualTo("47h");
        assertThat(Units.span(Duration.ofDays(3))).isEqualTo("3d");
        assertThat(Units.span(Duration.ofSeconds(-5))).isEqualTo("0s");
    }
}
