package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.StopOptions;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.core.Backoff;

import java.time.Duration;
import java.util.Optional;

/** What to do next with an instance that is wanted in some way. Pure. */
final class Decision {
    /** Between the end of an instance and its restart, by crashes in a row. */
    private static final Backoff RESTARTS =
            new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(5));

    private static final Duration DEFAULT_GRACE = Duration.ofSeconds(30);
    private static final Duration DEFAULT_LOST_CONTACT = Duration.ofMinutes(5);

    private final Assignment want;
    private final boolean local;
    private final Optional<Found> found;
    private final Memory memory;
    private final Moment now;

    private Decision(
            Assignment want, boolean local, Optional<Found> found, Memory memory, Moment now) {
        this.want = want;
        this.local = local;
        this.found = found;
        this.memory = memory;
        this.now = now;
    }

    /** The next step; {@code memory} has noted {@code found}. */
    static Plan plan(
            Assignment want, boolean local, Optional<Found> found, Memory memory, Moment now) {
        return new Decision(want, local, found, memory, now).plan();
    }

    private Plan plan() {
        if (found.isPresent() && found.get().local() != local) {
            return rest(
                    InstanceState.INSTANCE_STATE_FAILED,
                    "an instance of this id was created "
                            + (local ? "by the cluster" : "through the node's own door")
                            + " and is left alone");
        }
        if (found.isPresent() && found.get().epoch() > want.getEpoch()) {
            return rest(
                    InstanceState.INSTANCE_STATE_FAILED,
                    "epoch "
                            + found.get().epoch()
                            + " exists here and is left alone (expected: epoch "
                            + want.getEpoch()
                            + ")");
        }
        if (found.isPresent() && found.get().epoch() < want.getEpoch()) {
            return act(
                    new Step.Destroy(),
                    want.getWant() == Assignment.Want.WANT_ABSENT
                            ? InstanceState.INSTANCE_STATE_STOPPING
                            : InstanceState.INSTANCE_STATE_CREATING,
                    "removes the copy of epoch " + found.get().epoch());
        }
        return switch (want.getWant()) {
            case WANT_ABSENT -> absent();
            case WANT_STOPPED -> stopped();
            case WANT_RUNNING -> running();
            case WANT_UNSPECIFIED, UNRECOGNIZED ->
                    rest(
                            InstanceState.INSTANCE_STATE_FAILED,
                            "want: "
                                    + want.getWantValue()
                                    + " (expected: one that this version of the agent knows)");
        };
    }

    private Plan absent() {
        if (found.isEmpty()) {
            return new Plan(new Step.Gone(), InstanceState.INSTANCE_STATE_STOPPED, "");
        }
        // A guest that cannot be stopped is destroyed, which ends it in any case.
        boolean ask = alive(found.get()) && grace().isPositive() && memory.failures() == 0;
        return act(
                ask ? new Step.Stop(grace()) : new Step.Destroy(),
                InstanceState.INSTANCE_STATE_STOPPING,
                "");
    }

    private Plan stopped() {
        if (isMissing()) {
            return attempt(new Step.Create(), InstanceState.INSTANCE_STATE_CREATING);
        }
        if (alive(found.get())) {
            return act(new Step.Stop(grace()), InstanceState.INSTANCE_STATE_STOPPING, "");
        }
        Plan rest = rest(InstanceState.INSTANCE_STATE_STOPPED, found.get().reason());
        return isWired() ? isShaped() ? rest : change(new Step.Reshape(), rest) : wire(rest);
    }

    private Plan running() {
        if (isMissing()) {
            return mustWaitForContact()
                    ? rest(InstanceState.INSTANCE_STATE_STOPPED, waitReason())
                    : attempt(new Step.Create(), InstanceState.INSTANCE_STATE_CREATING);
        }
        Found here = found.get();
        boolean older = here.runGeneration() < want.getRunGeneration();
        if (alive(here) && older) {
            return act(new Step.Stop(grace()), InstanceState.INSTANCE_STATE_STOPPING, "restarts");
        }
        if (alive(here)) {
            Plan runs = runs(here);
            if (runs.step() instanceof Step.Stop || (isWired() && isShaped())) {
                return runs;
            }
            return isWired() ? change(new Step.Reshape(), runs) : wire(runs);
        }
        if (mustWaitForContact()) {
            return rest(InstanceState.INSTANCE_STATE_STOPPED, waitReason());
        }
        if (!isWired()) {
            return attempt(new Step.Wire(), InstanceState.INSTANCE_STATE_STARTING);
        }
        if (!isShaped()) {
            return attempt(new Step.Reshape(), InstanceState.INSTANCE_STATE_STARTING);
        }
        return older ? start(false) : ended(here);
    }

    private Plan runs(Found here) {
        InstanceState state =
                here.state() == Found.State.PAUSED
                        ? InstanceState.INSTANCE_STATE_PAUSED
                        : InstanceState.INSTANCE_STATE_RUNNING;
        if (!stopsOnLostContact() || now.outOfTouch().isEmpty()) {
            return rest(state, here.reason());
        }
        Duration left = lostContact().minus(now.outOfTouch().get());
        // By force: from the deadline on it may run elsewhere.
        return left.isPositive()
                ? act(new Step.Wait(left), state, here.reason())
                : act(
                        new Step.Stop(Duration.ZERO),
                        InstanceState.INSTANCE_STATE_STOPPING,
                        lostReason());
    }

    private boolean isWired() {
        return memory.wired().equals(Optional.of(want.getNicsList()));
    }

    private boolean isShaped() {
        return memory.shape().filter(s -> s.spec().equals(want.getSpec())).isPresent();
    }

    private Plan wire(Plan otherwise) {
        return change(new Step.Wire(), otherwise);
    }

    /** Changes what is otherwise left alone, if not at once then when its last failure allows. */
    private Plan change(Step step, Plan otherwise) {
        long left = memory.failure().map(f -> f.retryAt() - now.nanos()).orElse(0L);
        if (left <= 0) {
            return act(step, otherwise.state(), otherwise.reason());
        }
        Duration pause = Duration.ofNanos(left);
        Duration sooner =
                otherwise.step() instanceof Step.Wait(Duration other) && other.compareTo(pause) < 0
                        ? other
                        : pause;
        return act(new Step.Wait(sooner), otherwise.state(), otherwise.reason());
    }

    private Plan ended(Found here) {
        RestartPolicy policy = want.getSpec().getRestartPolicy();
        return switch (here.exit()) {
            case NONE, STOPPED -> start(false);
            case CLEAN ->
                    policy == RestartPolicy.RESTART_POLICY_ALWAYS
                            ? restart(here)
                            : rest(InstanceState.INSTANCE_STATE_STOPPED, here.reason());
            case FAILED, UNKNOWN ->
                    policy == RestartPolicy.RESTART_POLICY_NEVER
                            ? rest(InstanceState.INSTANCE_STATE_FAILED, endReason(here))
                            : restart(here);
        };
    }

    private Plan restart(Found here) {
        Duration pause = RESTARTS.pause(memory.crashes() + 1);
        long left = memory.endedAt().orElse(now.nanos()) + pause.toNanos() - now.nanos();
        return left > 0
                ? act(
                        new Step.Wait(Duration.ofNanos(left)),
                        InstanceState.INSTANCE_STATE_STARTING,
                        endReason(here) + "; is started again after " + seconds(pause))
                : start(true);
    }

    private static String seconds(Duration duration) {
        return duration.toSeconds() + " s";
    }

    private static String endReason(Found here) {
        if (!here.reason().isEmpty()) {
            return here.reason();
        }
        return switch (here.exit()) {
            case CLEAN -> "ended by itself";
            case FAILED ->
                    here.exitCode().isPresent()
                            ? "exited with code " + here.exitCode().getAsInt()
                            : "ended with an error";
            case UNKNOWN -> "ended unobserved: the node or what runs it went down";
            case NONE, STOPPED -> "";
        };
    }

    private Plan start(boolean again) {
        return attempt(new Step.Start(again), InstanceState.INSTANCE_STATE_STARTING);
    }

    /** A step that may have failed before: not sooner than its failure allows. */
    private Plan attempt(Step step, InstanceState state) {
        if (memory.failure().isEmpty()) {
            return act(step, state, "");
        }
        Memory.Failure failure = memory.failure().get();
        InstanceState shown = failure.permanent() ? InstanceState.INSTANCE_STATE_FAILED : state;
        long left = failure.retryAt() - now.nanos();
        return act(left > 0 ? new Step.Wait(Duration.ofNanos(left)) : step, shown, "");
    }

    private boolean stopsOnLostContact() {
        return !local && want.getOnLostContact() == LostContactPolicy.LOST_CONTACT_POLICY_STOP;
    }

    /**
     * Whether it may run elsewhere by now, so that it must not be started here. How long the
     * controller was out of touch before this process began is not known.
     */
    private boolean mustWaitForContact() {
        if (local || now.outOfTouch().isEmpty()) {
            return false;
        }
        return now.everInTouch()
                ? stopsOnLostContact() && now.outOfTouch().get().compareTo(lostContact()) >= 0
                : stopsOnLostContact() || isRecreatedElsewhere();
    }

    // While the node was down an operator may have fenced it, truthfully.
    private boolean isRecreatedElsewhere() {
        return want.getRelocation() == Relocation.RELOCATION_RECREATE;
    }

    private Duration lostContact() {
        int seconds = want.getLostContactSeconds();
        return seconds > 0 ? Duration.ofSeconds(seconds) : DEFAULT_LOST_CONTACT;
    }

    private String waitReason() {
        return now.everInTouch()
                ? lostReason()
                : "waits for the controller: it may run elsewhere since this node was away";
    }

    private String lostReason() {
        return "the controller has been out of touch for "
                + seconds(lostContact())
                + ", and its policy is to stop then";
    }

    private Duration grace() {
        StopOptions stop = want.getStop();
        if (stop.getForce()) {
            return Duration.ZERO;
        }
        return stop.getTimeoutSeconds() > 0
                ? Duration.ofSeconds(stop.getTimeoutSeconds())
                : DEFAULT_GRACE;
    }

    private boolean isMissing() {
        return found.isEmpty() || found.get().state() == Found.State.PARTIAL;
    }

    private static boolean alive(Found here) {
        return here.state() == Found.State.RUNNING || here.state() == Found.State.PAUSED;
    }

    private static Plan rest(InstanceState state, String reason) {
        return new Plan(new Step.Rest(), state, reason);
    }

    private Plan act(Step step, InstanceState state, String reason) {
        String why = memory.failure().map(Memory.Failure::message).orElse(reason);
        return new Plan(step, state, why);
    }
}
