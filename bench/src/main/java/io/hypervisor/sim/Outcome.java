package io.hypervisor.sim;

import java.util.List;
import java.util.Optional;

/**
 * What one seed came to.
 *
 * @param hash of everything that happened; the same for the same seed and program
 * @param simulatedNanos how much time passed in the simulation
 * @param revisions how many commits the store took
 * @param failure the rule that was broken, if one was
 * @param lastLines the end of the trace
 */
public record Outcome(
        long seed,
        long hash,
        long steps,
        long simulatedNanos,
        long revisions,
        String faults,
        Optional<Failure> failure,
        List<String> lastLines) {

    /** A rule that did not hold, and when that was seen. */
    public record Failure(String rule, String detail, long step, long nanos) {}

    /** Whether every rule held. */
    public boolean passed() {
        return failure.isEmpty();
    }

    /** The failure for people: what, when, and how to see it again. */
    public String report() {
        StringBuilder out = new StringBuilder();
        failure.ifPresent(
                f -> {
                    lastLines.forEach(line -> out.append(line).append('\n'));
                    out.append("seed ").append(seed).append(" broke a rule at step ");
                    out.append(f.step()).append(", ");
                    out.append("%.6f".formatted(f.nanos() / 1e9)).append(" simulated seconds\n");
                    out.append("rule   ").append(f.rule()).append('\n');
                    out.append("detail ").append(f.detail()).append('\n');
                    out.append("faults ").append(faults).append('\n');
                    out.append("again  make sim SEED=").append(seed).append(" TRACE=1\n");
                });
        return out.toString();
    }
}
