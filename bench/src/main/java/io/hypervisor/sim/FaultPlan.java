package io.hypervisor.sim;

import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * What goes wrong under one seed: some kinds of faults, each at a rate of its own, so that seeds
 * differ in what they try and not only in when.
 */
final class FaultPlan {
    // Few: such a seed takes more than twice as long as others.
    private static final double ISOLATED = 0.08;
    private static final int ISOLATION_SECONDS = 110;
    private static final Set<Fault> ENDS_TERMS =
            EnumSet.of(
                    Fault.PARTITION,
                    Fault.CONTROLLER_KILL,
                    Fault.LEADER_KILL,
                    Fault.CONTROLLER_RESTART,
                    Fault.CONTROLLER_CRASH_POINT,
                    Fault.CONTROLLER_PAUSE,
                    Fault.STORE_DOWN,
                    Fault.STORE_SLOW,
                    Fault.STORE_AMBIGUOUS,
                    Fault.STORE_LOST,
                    Fault.DEPOSE);

    private final RandomGenerator random;
    private final int controllers;
    private final int nodes;
    private final int foreign;
    private final Duration length;
    private final Map<Fault, Long> means = new EnumMap<>(Fault.class);
    private boolean over;

    FaultPlan(RandomGenerator random) {
        this.random = random;
        this.controllers = random.nextInt(4) == 0 ? 1 : 3;
        this.nodes = 3 + random.nextInt(4);
        this.foreign = random.nextInt(Math.min(3, nodes - 1));
        // From calm to everything at once.
        double share = random.nextInt(10) / 12.0;
        for (Fault fault : Fault.values()) {
            long mean = Duration.ofMillis(1_500 + random.nextInt(25_000)).toNanos();
            if (random.nextDouble() < (fault == Fault.ISOLATION ? ISOLATED : share)) {
                means.put(fault, mean);
            }
        }
        int seconds = 40 + random.nextInt(50);
        boolean isolated = means.containsKey(Fault.ISOLATION);
        if (isolated) {
            // Only a leader that lasts comes to believe that a node has stopped its instances.
            means.keySet().removeAll(ENDS_TERMS);
        }
        this.length = Duration.ofSeconds(isolated ? seconds + ISOLATION_SECONDS : seconds);
    }

    int controllers() {
        return controllers;
    }

    int ownNodes() {
        return nodes - foreign;
    }

    int foreignNodes() {
        return foreign;
    }

    Duration length() {
        return length;
    }

    /** Begins to strike. */
    void begin(World world) {
        Strikes strikes = new Strikes(world, random);
        strikes.temper();
        means.keySet().forEach(fault -> next(world.kernel(), strikes, fault));
    }

    private void next(Kernel kernel, Strikes strikes, Fault fault) {
        double wait = -Math.log(1 - random.nextDouble()) * means.get(fault);
        kernel.after(
                (long) wait,
                () -> {
                    if (!over) {
                        strikes.strike(fault);
                        next(kernel, strikes, fault);
                    }
                });
    }

    /** Everything works from now on. */
    void heal(World world) {
        over = true;
        new Strikes(world, random).heal();
    }

    @Override
    public String toString() {
        return "%d controllers, %d nodes, %d of them foreign, faults %s"
                .formatted(controllers, nodes, foreign, means.keySet());
    }
}
