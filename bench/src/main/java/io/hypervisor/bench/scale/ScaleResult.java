package io.hypervisor.bench.scale;

import java.util.List;
import java.util.function.ToLongFunction;

/**
 * One run.
 *
 * @param readySeconds from the first registration until all nodes were READY
 * @param retries creates that were sent again
 * @param faults what should not have happened, in words
 */
record ScaleResult(
        ScaleOptions options,
        double readySeconds,
        List<Sample> samples,
        long retries,
        List<String> faults) {

    Sample last() {
        return samples.getLast();
    }

    /** When a count reached all instances; NaN if it did not. */
    double secondsUntilAll(ToLongFunction<Sample> count) {
        return samples.stream()
                .filter(sample -> count.applyAsLong(sample) >= options.instances())
                .mapToDouble(Sample::seconds)
                .findFirst()
                .orElse(Double.NaN);
    }

    /** The largest value of a run. */
    long peak(ToLongFunction<Sample> value) {
        return samples.stream().mapToLong(value).max().orElse(0);
    }

    /** Placements per second between a share of all instances and another. */
    double rate(double from, double to) {
        Sample begin = at(from);
        Sample end = at(to);
        return (end.placed() - begin.placed()) / (end.seconds() - begin.seconds());
    }

    private Sample at(double share) {
        return samples.stream()
                .filter(sample -> sample.placed() >= share * last().placed())
                .findFirst()
                .orElseThrow();
    }
}
