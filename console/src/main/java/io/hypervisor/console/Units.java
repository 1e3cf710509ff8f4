package io.hypervisor.console;

import com.google.protobuf.Timestamp;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and times as people write and read them. */
final class Units {
    private static final Pattern AMOUNT = Pattern.compile("(\\d{1,18}(?:\\.\\d{1,9})?)([A-Za-z]*)");
    private static final List<String> BINARY = List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB");
    private static final Map<String, Duration> TIMES =
            Map.of(
                    "ms", Duration.ofMillis(1),
                    "s", Duration.ofSeconds(1),
                    "m", Duration.ofMinutes(1),
                    "h", Duration.ofHours(1),
                    "d", Duration.ofDays(1));

    private Units() {}

    /**
     * Bytes from "512MiB", "512M" (the same), "500MB" (decimal) or a plain number.
     *
     * @throws IllegalArgumentException if it is no size of a whole number of bytes
     */
    static long bytes(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        if (matcher.matches()) {
            String unit = matcher.group(2).toLowerCase(Locale.ROOT);
            int power = unit.isEmpty() ? 0 : "bkmgtp".indexOf(unit.charAt(0));
            boolean decimal = unit.length() == 2 && unit.endsWith("b");
            boolean known = unit.length() < 2 || decimal || (unit.endsWith("ib") && power > 0);
            if (power >= 0 && known && unit.length() <= 3 && !unit.equals("bb")) {
                BigDecimal factor = BigDecimal.valueOf(decimal ? 1000 : 1024).pow(power);
                try {
                    return new BigDecimal(matcher.group(1)).multiply(factor).longValueExact();
                } catch (ArithmeticException notWhole) {
                    throw new IllegalArgumentException(
                            "'" + text + "' is not a whole number of bytes below 8 EiB", notWhole);
                }
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is no size (expected: bytes, or a number with KiB, MiB, GiB, TiB)");
    }

    /**
     * A time from "500ms", "60s", "5m", "2h" or "1d".
     *
     * @throws IllegalArgumentException if it is none
     */
    static Duration time(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        if (matcher.matches() && TIMES.containsKey(matcher.group(2))) {
            BigDecimal nanos =
                    new BigDecimal(matcher.group(1))
                            .multiply(BigDecimal.valueOf(TIMES.get(matcher.group(2)).toNanos()));
            if (nanos.compareTo(BigDecimal.valueOf(Duration.ofDays(3650).toNanos())) <= 0) {
                return Duration.ofNanos(nanos.longValue());
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is no time (expected: for example 500ms, 60s, 5m, 2h)");
    }

    /** "512MiB", "1.5GiB", "0B". */
    static String size(long bytes) {
        int power = 0;
        BigDecimal amount = BigDecimal.valueOf(bytes);
        BigDecimal step = BigDecimal.valueOf(1024);
        while (amount.abs().compareTo(step) >= 0 && power < BINARY.size() - 1) {
            amount = amount.divide(step);
            power++;
        }
        BigDecimal rounded = amount.setScale(1, RoundingMode.HALF_UP).stripTrailingZeros();
        return rounded.toPlainString() + BINARY.get(power);
    }

    /** How long ago that was: "5s", "3m", "2h", "4d"; empty for a time that is not set. */
    static String age(Timestamp when, Instant now) {
        return when.equals(Timestamp.getDefaultInstance())
                ? ""
                : span(Duration.between(instant(when), now));
    }

    /** A length of time in its largest unit; nothing below zero. */
    static String span(Duration length) {
        long seconds = Math.max(0, length.toSeconds());
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3600) {
            return seconds / 60 + "m";
        }
        return seconds < 2 * 86_400 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
    }

    static Instant instant(Timestamp when) {
        return Instant.ofEpochSecond(when.getSeconds(), when.getNanos());
    }
}
