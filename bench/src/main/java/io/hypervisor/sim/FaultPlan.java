package io.hypervisor.sim;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** What goes wrong under one seed. */
final class FaultPlan {
    private final RandomGenerator random;
    private final int controllers;
    private final int nodes;

    FaultPlan(RandomGenerator random) {
        this.random = random;
        this.controllers = random.nextInt(4) == 0 ? 1 : 3;
        this.nodes = 3 + random.nextInt(4);
    }

    int controllers() {
        return controllers;
    }

    int nodes() {
        return nodes;
    }

    Duration length() {
        return Duration.ofSeconds(60);
    }

    void begin(World world) {}

    void heal(World world) {}

    @Override
    public String toString() {
        return controllers + " controllers, " + nodes + " nodes";
    }
}
