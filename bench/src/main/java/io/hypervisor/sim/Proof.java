package io.hypervisor.sim;

import java.util.Optional;

/**
 * The workload and the judges of one run. The simulation calls {@link #begin} once, {@link #step}
 * after every step of its scheduler, {@link #rest} after the last fault, and then asks {@link
 * #unconverged} until it is empty or a bounded simulated time has passed.
 */
public final class Proof {
    private static final int COUNTERS_EVERY = 512;

    private final Judges judges;
    private final Workload workload;
    private boolean reading;
    private long steps;

    /** Of a cluster whose processes have not begun yet. */
    public Proof(Cluster cluster, long seed) {
        this.judges = new Judges(cluster);
        this.workload = new Workload(cluster, judges, seed);
    }

    /** Starts the clients. */
    public void begin() {
        workload.begin();
    }

    /**
     * Judges what has happened since the last call.
     *
     * @throws Violation if a promise did not hold
     */
    public void step() {
        workload.throwFailure();
        judges.step();
        if (steps++ % COUNTERS_EVERY == 0) {
            judges.requireNothingRepaired();
        }
    }

    /** No fault comes any more: the clients write no more either. */
    public void rest() {
        workload.rest();
    }

    /** Why the cluster is not as it should be yet; empty when it is, and was read by clients so. */
    public Optional<String> unconverged() {
        judges.requireNothingRepaired();
        Optional<String> gap =
                judges.unsettled().or(() -> workload.behind(judges.now().revision()));
        if (gap.isPresent()) {
            reading = false;
            return gap;
        }
        if (workload.busy()) {
            return Optional.of("clients are at work");
        }
        if (!reading) {
            reading = true;
            workload.readAll();
            return Optional.of("clients read everything");
        }
        return Optional.empty();
    }
}
