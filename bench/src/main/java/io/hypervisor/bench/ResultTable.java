package io.hypervisor.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Measured numbers, beside what was measured with them and what was promised. */
public final class ResultTable {
    private final List<Row> rows = new ArrayList<>();

    /** What a number is counted in. */
    public enum Unit {
        /** Given in nanoseconds. */
        TIME,
        /** Given in bytes. */
        MEMORY,
        /** Per second. */
        RATE,
        /** As it is. */
        COUNT;

        String format(double value) {
            return switch (this) {
                case TIME -> time(value);
                case MEMORY -> memory(value);
                case RATE -> String.format(Locale.ROOT, "%,.0f/s", value);
                case COUNT -> String.format(Locale.ROOT, "%,.0f", value);
            };
        }

        private static String time(double nanos) {
            if (nanos < 1e6) {
                return String.format(Locale.ROOT, "%.1f µs", nanos / 1e3);
            }
            return nanos < 1e9
                    ? String.format(Locale.ROOT, "%.2f ms", nanos / 1e6)
                    : String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
        }

        private static String memory(double bytes) {
            return bytes < 1 << 20
                    ? String.format(Locale.ROOT, "%.1f KiB", bytes / (1 << 10))
                    : String.format(Locale.ROOT, "%.1f MiB", bytes / (1 << 20));
        }
    }

    /** What a number is held against: another one of the same run. */
    public record Baseline(String what, double value) {}

    /** A bound, as a number or as a multiple of the baseline. */
    public record Promise(boolean atMost, boolean ofBaseline, double bound) {
        /** The number itself may not be more. */
        public static Promise atMost(double bound) {
            return new Promise(true, false, bound);
        }

        /** The number itself may not be less. */
        public static Promise atLeast(double bound) {
            return new Promise(false, false, bound);
        }

        /** The number may not be more than so many baselines. */
        public static Promise timesBaseline(double factor) {
            return new Promise(true, true, factor);
        }

        private String text(Unit unit) {
            String sign = atMost ? "≤ " : "≥ ";
            return ofBaseline
                    ? sign + String.format(Locale.ROOT, "%.1f ×", bound)
                    : sign + unit.format(bound);
        }

        private boolean keptBy(double value, double ratio) {
            double measured = ofBaseline ? ratio : value;
            return atMost ? measured <= bound : measured >= bound;
        }
    }

    private record Row(
            String what,
            Unit unit,
            double value,
            Optional<Baseline> baseline,
            Optional<Promise> promise) {
        private double ratio() {
            return baseline.map(b -> value / b.value()).orElse(Double.NaN);
        }

        private String markdown() {
            String beside = baseline.map(b -> b.what() + ": " + unit.format(b.value())).orElse("");
            String times = baseline.isEmpty() ? "" : String.format(Locale.ROOT, "%.2f", ratio());
            String promised = promise.map(p -> p.text(unit)).orElse("");
            String state =
                    promise.map(p -> p.keptBy(value, ratio()) ? "kept" : "**missed**").orElse("");
            return "| %s | %s | %s | %s | %s | %s |"
                    .formatted(what, unit.format(value), beside, times, promised, state);
        }
    }

    /** A number alone. */
    public synchronized void add(String what, Unit unit, double value) {
        rows.add(new Row(what, unit, value, Optional.empty(), Optional.empty()));
    }

    /** A number and what it is held against. */
    public synchronized void add(String what, Unit unit, double value, Baseline baseline) {
        rows.add(new Row(what, unit, value, Optional.of(baseline), Optional.empty()));
    }

    /** A number and what was promised. */
    public synchronized void add(String what, Unit unit, double value, Promise promise) {
        rows.add(new Row(what, unit, value, Optional.empty(), Optional.of(promise)));
    }

    /** A number, what it is held against, and what was promised. */
    public synchronized void add(
            String what, Unit unit, double value, Baseline baseline, Promise promise) {
        rows.add(new Row(what, unit, value, Optional.of(baseline), Optional.of(promise)));
    }

    /** How many numbers there are. */
    public synchronized int size() {
        return rows.size();
    }

    /** All of it, in the order it came. */
    public synchronized String markdown() {
        StringBuilder text =
                new StringBuilder(
                        """
                        | what | measured | beside, in the same run | ratio | promised | |
                        |---|---|---|---|---|---|
                        """);
        rows.forEach(row -> text.append(row.markdown()).append('\n'));
        return text.toString();
    }
}
