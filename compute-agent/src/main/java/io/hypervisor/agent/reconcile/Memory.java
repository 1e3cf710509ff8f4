package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a node remembers of one run generation of an instance beyond what can be found: how often it
 * was restarted and what failed. Lost with the process, which then at worst restarts a crashing
 * instance a little sooner. Immutable.
 *
 * @param restarts how often it was started again by itself
 * @param crashes restarts in a row that did not last
 * @param runsSince when it was first seen running, monotonic nanoseconds
 * @param endedAt when its present end was first seen
 * @param wired the interfaces that it was given last; empty: not known
 * @param shape the spec that it was given last; empty: not known
 */
record Memory(
        long epoch,
        long runGeneration,
        int restarts,
        int crashes,
        OptionalLong runsSince,
        OptionalLong endedAt,
        Optional<List<Nic>> wired,
        Optional<Shape> shape,
        Optional<Failure> failure) {
    /** A run of this length ends a series of crashes. */
    private static final Duration LASTING = Duration.ofMinutes(5);

    /** A spec, and what of it waits for a start, as paths. */
    record Shape(InstanceSpec spec, List<String> waiting) {}

    /** A call that failed, and when it may be repeated. */
    record Failure(String message, boolean permanent, int count, long retryAt) {}

    static Memory of(Assignment want) {
        return new Memory(
                want.getEpoch(),
                want.getRunGeneration(),
                0,
                0,
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** This memory, or a blank one if something newer is wanted, with what is found now noted. */
    Memory seeing(Assignment want, Optional<Found> found, long now) {
        boolean same = epoch == want.getEpoch() && runGeneration == want.getRunGeneration();
        if (same) {
            return noting(found, now);
        }
        Memory blank = of(want);
        return (epoch == want.getEpoch() ? blank.given(wired, shape) : blank).noting(found, now);
    }

    private Memory noting(Optional<Found> found, long now) {
        boolean rests =
                found.filter(f -> f.epoch() == epoch)
                        .filter(f -> f.state() == Found.State.STOPPED)
                        .isPresent();
        return (rests ? withoutWaiting() : this).notingRun(found, now);
    }

    private Memory notingRun(Optional<Found> found, long now) {
        if (found.isEmpty()
                || found.get().epoch() != epoch
                || found.get().runGeneration() != runGeneration) {
            return this;
        }
        return switch (found.get().state()) {
            case RUNNING, PAUSED ->
                    runsSince.isPresent()
                            ? this
                            : with(crashes, OptionalLong.of(now), OptionalLong.empty());
            case STOPPED -> endedByItself(found.get()) && endedAt.isEmpty() ? ended(now) : this;
            case PARTIAL -> this;
        };
    }

    private static boolean endedByItself(Found found) {
        return switch (found.exit()) {
            case CLEAN, FAILED, UNKNOWN -> true;
            case NONE, STOPPED -> false;
        };
    }

    private Memory ended(long now) {
        boolean lasted = runsSince.isPresent() && now - runsSince.getAsLong() >= LASTING.toNanos();
        return with(lasted ? 0 : crashes, OptionalLong.empty(), OptionalLong.of(now));
    }

    private Memory with(int newCrashes, OptionalLong newRunsSince, OptionalLong newEndedAt) {
        return new Memory(
                epoch,
                runGeneration,
                restarts,
                newCrashes,
                newRunsSince,
                newEndedAt,
                wired,
                shape,
                failure);
    }

    /** After it was given interfaces. */
    Memory wired(List<Nic> nics) {
        return given(Optional.of(nics), shape);
    }

    /** After it was given a spec. */
    Memory shaped(InstanceSpec spec, List<String> waiting) {
        return given(wired, Optional.of(new Shape(spec, List.copyOf(waiting))));
    }

    private Memory given(Optional<List<Nic>> nics, Optional<Shape> given) {
        return new Memory(
                epoch, runGeneration, restarts, crashes, runsSince, endedAt, nics, given, failure);
    }

    /** After a call succeeded. */
    Memory succeeded() {
        return failing(Optional.empty());
    }

    /** After it was started; {@code again} after it had ended by itself. */
    Memory started(boolean again) {
        int more = again ? 1 : 0;
        return new Memory(
                        epoch,
                        runGeneration,
                        restarts + more,
                        crashes + more,
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        wired,
                        shape,
                        Optional.empty())
                .withoutWaiting();
    }

    /** Its next start is what waited was waiting for. */
    private Memory withoutWaiting() {
        return shape.filter(given -> !given.waiting().isEmpty()).isEmpty()
                ? this
                : given(wired, shape.map(given -> new Shape(given.spec(), List.of())));
    }

    /** After a call failed. */
    Memory failed(String message, boolean permanent, Duration pause, long now) {
        int count = failures() + 1;
        return failing(Optional.of(new Failure(message, permanent, count, now + pause.toNanos())));
    }

    private Memory failing(Optional<Failure> last) {
        return new Memory(
                epoch, runGeneration, restarts, crashes, runsSince, endedAt, wired, shape, last);
    }

    /** How many calls have failed in a row. */
    int failures() {
        return failure.map(Failure::count).orElse(0);
    }
}
