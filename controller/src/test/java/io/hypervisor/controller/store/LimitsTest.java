package io.hypervisor.controller.store;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsTest {
    private static final String KEY = "[a-z_]+/[A-Za-z0-9._:/-]{1,255}";

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "a/", "/a", "a", "A/b", "a/b c", "a/\u00e9", "a1/b"})
    void whatIsNoKey(String text) {
        assertThat(Limits.isKey(text)).isFalse();
    }

    @Property(tries = 2000)
    void aKeyIsWhatTheStoreSaysItIs(@ForAll("almostKeys") String text) {
        assertThat(Limits.isKey(text)).isEqualTo(text.matches(KEY));
    }

    @Provide
    Arbitrary<String> almostKeys() {
        Arbitrary<String> near = Arbitraries.strings().withChars("azAZ09._:-/ {`@[").ofMaxLength(8);
        Arbitrary<String> longName =
                Arbitraries.integers().between(250, 260).map(n -> "table/" + "x".repeat(n));
        return Arbitraries.oneOf(near, near.map(text -> "node/" + text), longName);
    }
}
