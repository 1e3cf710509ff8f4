package io.hypervisor.bench;

import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

import java.time.Duration;

/** Durations and their percentiles; safe for concurrent use. */
public final class Latencies {
    private static final long LONGEST_NANOS = Duration.ofMinutes(10).toNanos();

    private final Histogram histogram = new ConcurrentHistogram(LONGEST_NANOS, 3);

    /** Adds one; less than nothing, as clocks have it, counts as nothing. */
    public void record(long nanos) {
        histogram.recordValue(Math.clamp(nanos, 0, LONGEST_NANOS));
    }

    /** How many there are. */
    public long count() {
        return histogram.getTotalCount();
    }

    /** The value that this percentage does not exceed, in nanoseconds. */
    public double percentile(double percentage) {
        return histogram.getValueAtPercentile(percentage);
    }

    /** The middle one, in nanoseconds. */
    public double median() {
        return percentile(50);
    }
}
