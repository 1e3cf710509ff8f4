package io.hypervisor.sim;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One seed: a cluster under the workload and the seed's faults, then without faults until it has
 * converged, judged all along.
 */
public final class Simulation {
    private static final Duration SLICE = Duration.ofMillis(500);
    private static final Duration CONVERGES_WITHIN = Duration.ofMinutes(5);

    private final long seed;
    private final Kernel kernel;
    private final World world;
    private final Proof proof;
    private final FaultPlan plan;

    private Simulation(long seed, Consumer<String> reader) {
        this.seed = seed;
        this.kernel = new Kernel(seed, new Trace(200, reader));
        this.plan = new FaultPlan(kernel.generator());
        this.world = new World(kernel, plan.controllers(), plan.ownNodes(), plan.foreignNodes());
        this.proof = new Proof(world, seed);
    }

    /** Runs a seed. */
    public static Outcome run(long seed) {
        return run(seed, Trace.SILENT);
    }

    /** Runs a seed and shows everything that happens. */
    public static Outcome run(long seed, Consumer<String> reader) {
        Simulation simulation = new Simulation(seed, reader);
        try (World world = simulation.world) {
            simulation.run();
            return simulation.outcome(world);
        }
    }

    private void run() {
        try {
            world.start();
            proof.begin();
            plan.begin(world);
            go(plan.length());
            plan.heal(world);
            proof.rest();
            converge();
        } catch (Violation e) {
            kernel.fail(e.checker(), String.valueOf(e.getMessage()));
        } catch (RuntimeException | AssertionError e) {
            Defects.show(e);
            kernel.fail("the judges work", e + " at " + e.getStackTrace()[0]);
        }
    }

    private void go(Duration length) {
        kernel.run(kernel.now() + length.toNanos(), proof::step);
    }

    private void converge() {
        long end = kernel.now() + CONVERGES_WITHIN.toNanos();
        Optional<String> gap = Optional.of("nothing was looked at yet");
        while (gap.isPresent() && kernel.failure().isEmpty()) {
            go(SLICE);
            gap = proof.unconverged();
            if (gap.isPresent() && kernel.now() > end) {
                kernel.fail("converges within " + CONVERGES_WITHIN, gap.get());
            }
        }
    }

    private Outcome outcome(World cluster) {
        return new Outcome(
                seed,
                kernel.trace().hash(),
                kernel.steps(),
                kernel.now(),
                cluster.revision(),
                plan.toString(),
                kernel.failure()
                        .map(f -> new Outcome.Failure(f.rule(), f.detail(), f.step(), f.nanos())),
                kernel.trace().last());
    }
}
