package io.hypervisor.sim;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * What goes wrong under one seed: some kinds of faults, each at a rate of its own, so that seeds
 * differ in what they try and not only in when.
 */
final class FaultPlan {
    private final RandomGenerator random;
    private final int controllers;
    private final int nodes;
    private final Duration length;
    private final Map<Fault, Long> means = new EnumMap<>(Fault.class);
    private boolean over;

    FaultPlan(RandomGenerator random) {
        this.random = random;
        this.controllers = random.nextInt(4) == 0 ? 1 : 3;
        this.nodes = 3 + random.nextInt(4);
        this.length = Duration.ofSeconds(40 + random.nextInt(50));
        // From calm to everything at once.
        double share = random.nextInt(10) / 12.0;
        for (Fault fault : Fault.values()) {
            long mean = Duration.ofMillis(1_500 + random.nextInt(25_000)).toNanos();
            if (random.nextDouble() < share) {
                means.put(fault, mean);
            }
        }
    }

    int controllers() {
        return controllers;
    }

    int nodes() {
        return nodes;
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
        return controllers + " controllers, " + nodes + " nodes, faults " + means.keySet();
    }
}
