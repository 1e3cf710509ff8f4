package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.RestartPolicy;

import java.util.Optional;

/**
 * The next step that brings one instance on a node without a stream closer to its assignment. Pure.
 *
 * <p>The memory is the controller's own ObservedRecord: that a call to create or start is about to
 * be made is recorded, as CREATING or STARTING, before it is made. A restart is a stop and a start,
 * because the list shows of each whether it happened, and of a restart whose answer was lost it
 * does not.
 */
sealed interface AgentStep {
    /**
     * What is known of the calls that were made.
     *
     * @param quiet none whose outcome is unknown can still take effect
     * @param answered the last one to make it run has done so
     * @param error why the last one failed, empty if it did not
     */
    record Calls(boolean quiet, boolean answered, String error) {}

    /** Nothing to do until something changes. {@code seen} is what to record. */
    record Rest(ObservedRecord seen) implements AgentStep {}

    /** Look again later, nothing to record. */
    record Wait() implements AgentStep {}

    /** The node has nothing of it, and nothing is on its way. */
    record Gone() implements AgentStep {}

    /** Create and start it; record {@code intent} first. */
    record Create(ObservedRecord intent) implements AgentStep {}

    /** Start it; record {@code intent} first. */
    record Start(ObservedRecord intent) implements AgentStep {}

    /** Stop it as the assignment says. */
    record Stop() implements AgentStep {}

    /** Remove it. */
    record Delete() implements AgentStep {}

    /**
     * Decides.
     *
     * @param wanted what the node should do
     * @param found what the node lists, if it does
     * @param recorded what was recorded of this instance before, at any epoch
     */
    static AgentStep next(
            Assignment wanted,
            Optional<Instance> found,
            Optional<ObservedRecord> recorded,
            Calls calls) {
        Optional<ObservedRecord> known = recorded.filter(o -> o.getEpoch() == wanted.getEpoch());
        if (found.isEmpty()) {
            return absent(wanted, known, calls);
        }
        Instance copy = found.get();
        long epoch = epochOf(copy, wanted, known);
        if (epoch > wanted.getEpoch()) {
            // Only an older store than the one that made it could say so: touch nothing.
            return new Wait();
        }
        if (epoch < wanted.getEpoch()) {
            return new Delete();
        }
        return switch (wanted.getWant()) {
            case WANT_ABSENT -> new Delete();
            case WANT_STOPPED ->
                    running(copy) ? new Stop() : new Rest(stopped(wanted, known, copy, calls));
            case WANT_RUNNING -> running(wanted, known, copy, calls);
            case WANT_UNSPECIFIED, UNRECOGNIZED -> new Wait();
        };
    }

    private static AgentStep absent(
            Assignment wanted, Optional<ObservedRecord> known, Calls calls) {
        if (!calls.quiet()) {
            return new Wait();
        }
        return switch (wanted.getWant()) {
            case WANT_ABSENT -> new Gone();
            case WANT_STOPPED ->
                    new Rest(
                            record(wanted, known, InstanceState.INSTANCE_STATE_STOPPED)
                                    .setStateReason("created when it is first started")
                                    .build());
            case WANT_RUNNING -> {
                boolean ran =
                        known.filter(o -> o.getRunGeneration() == wanted.getRunGeneration())
                                .filter(o -> calls.answered() || !underway(o.getState()))
                                .isPresent();
                yield ran && policy(wanted) == RestartPolicy.RESTART_POLICY_NEVER
                        ? new Rest(
                                record(wanted, known, InstanceState.INSTANCE_STATE_FAILED)
                                        .setStateReason(
                                                calls.error().isEmpty()
                                                        ? "its node has it no longer"
                                                        : calls.error())
                                        .build())
                        : new Create(
                                intent(wanted, known, ran, InstanceState.INSTANCE_STATE_CREATING));
            }
            case WANT_UNSPECIFIED, UNRECOGNIZED -> new Wait();
        };
    }

    private static AgentStep running(
            Assignment wanted, Optional<ObservedRecord> known, Instance copy, Calls calls) {
        boolean asked = generationOf(copy, wanted, known) >= wanted.getRunGeneration();
        if (running(copy)) {
            return asked ? new Rest(seen(wanted, known, copy, "")) : new Stop();
        }
        boolean atRest =
                copy.getState() == InstanceState.INSTANCE_STATE_STOPPED
                        || copy.getState() == InstanceState.INSTANCE_STATE_FAILED;
        if (!atRest) {
            return new Rest(seen(wanted, known, copy, calls.error()));
        }
        boolean ran = known.isEmpty() || (calls.error().isEmpty() && ran(known.get(), copy, calls));
        if (asked && ran && !restarts(policy(wanted), copy)) {
            return new Rest(seen(wanted, known, copy, calls.error()));
        }
        if (!calls.quiet()) {
            return new Wait();
        }
        ObservedRecord intent = intent(wanted, known, ran, InstanceState.INSTANCE_STATE_STARTING);
        return new Start(
                copy.hasStartedAt()
                        ? intent.toBuilder().setStartedAt(copy.getStartedAt()).build()
                        : intent);
    }

    /** Whether the run that was recorded last has begun: some end before a list shows them. */
    private static boolean ran(ObservedRecord known, Instance copy, Calls calls) {
        return !underway(known.getState())
                || calls.answered()
                || (copy.hasStartedAt() && !copy.getStartedAt().equals(known.getStartedAt()));
    }

    private static boolean restarts(RestartPolicy policy, Instance copy) {
        boolean failed =
                copy.getState() == InstanceState.INSTANCE_STATE_FAILED
                        || (copy.hasExitCode() && copy.getExitCode() != 0);
        return switch (policy) {
            case RESTART_POLICY_ALWAYS -> true;
            case RESTART_POLICY_ON_FAILURE, RESTART_POLICY_UNSPECIFIED -> failed;
            case RESTART_POLICY_NEVER, UNRECOGNIZED -> false;
        };
    }

    private static RestartPolicy policy(Assignment wanted) {
        return wanted.getSpec().getRestartPolicy();
    }

    private static boolean running(Instance copy) {
        return switch (copy.getState()) {
            case INSTANCE_STATE_RUNNING, INSTANCE_STATE_PAUSED -> true;
            default -> false;
        };
    }

    /** What a node may report; the rest is for the controller to say. */
    private static InstanceState observable(InstanceState state) {
        return switch (state) {
            case INSTANCE_STATE_CREATING,
                    INSTANCE_STATE_RUNNING,
                    INSTANCE_STATE_STOPPED,
                    INSTANCE_STATE_FAILED,
                    INSTANCE_STATE_STARTING,
                    INSTANCE_STATE_STOPPING,
                    INSTANCE_STATE_PAUSED ->
                    state;
            case INSTANCE_STATE_DELETING -> InstanceState.INSTANCE_STATE_STOPPING;
            case INSTANCE_STATE_UNSPECIFIED,
                    INSTANCE_STATE_PENDING,
                    INSTANCE_STATE_MIGRATING,
                    INSTANCE_STATE_UNKNOWN,
                    UNRECOGNIZED ->
                    InstanceState.INSTANCE_STATE_CREATING;
        };
    }

    private static boolean underway(InstanceState state) {
        return state == InstanceState.INSTANCE_STATE_CREATING
                || state == InstanceState.INSTANCE_STATE_STARTING;
    }

    /** The copy's epoch: as annotated, else as recorded; without a trace only a first one fits. */
    private static long epochOf(Instance copy, Assignment wanted, Optional<ObservedRecord> known) {
        long annotated = Marks.epoch(copy);
        if (annotated > 0) {
            return annotated;
        }
        return known.isPresent() || wanted.getEpoch() == 1 ? wanted.getEpoch() : 0;
    }

    /** The last generation it was started for; one that nobody recorded is taken as it is. */
    private static long generationOf(
            Instance copy, Assignment wanted, Optional<ObservedRecord> known) {
        long annotated = Marks.runGeneration(copy);
        return known.map(o -> Math.max(o.getRunGeneration(), annotated))
                .orElse(annotated > 0 ? annotated : wanted.getRunGeneration());
    }

    /** What to record before a call that makes it run; {@code ran}: again, if not asked to. */
    private static ObservedRecord intent(
            Assignment wanted, Optional<ObservedRecord> known, boolean ran, InstanceState state) {
        ObservedRecord.Builder intent = record(wanted, known, state).clearExitCode();
        Optional<ObservedRecord> before =
                known.filter(o -> o.getRunGeneration() == wanted.getRunGeneration());
        int restarts = before.map(o -> o.getRestartCount() + (ran ? 1 : 0)).orElse(0);
        return intent.setRunGeneration(wanted.getRunGeneration())
                .setRestartCount(restarts)
                .setStateReason("")
                .build();
    }

    /** However it ended, it is as it should be. */
    private static ObservedRecord stopped(
            Assignment wanted, Optional<ObservedRecord> known, Instance copy, Calls calls) {
        ObservedRecord seen = seen(wanted, known, copy, calls.error());
        return seen.getState() == InstanceState.INSTANCE_STATE_FAILED
                ? seen.toBuilder().setState(InstanceState.INSTANCE_STATE_STOPPED).build()
                : seen;
    }

    private static ObservedRecord seen(
            Assignment wanted, Optional<ObservedRecord> known, Instance copy, String error) {
        ObservedRecord.Builder seen =
                record(wanted, known, observable(copy.getState()))
                        .setRunGeneration(
                                Math.min(
                                        generationOf(copy, wanted, known),
                                        wanted.getRunGeneration()))
                        .setStateReason(error.isEmpty() ? copy.getStateReason() : error)
                        .setIpAddress(copy.getIpAddress());
        if (copy.hasStartedAt()) {
            seen.setStartedAt(copy.getStartedAt());
        }
        if (copy.hasExitCode()) {
            seen.setExitCode(copy.getExitCode());
        }
        return seen.build();
    }

    private static ObservedRecord.Builder record(
            Assignment wanted, Optional<ObservedRecord> known, InstanceState state) {
        return known.orElse(ObservedRecord.getDefaultInstance()).toBuilder()
                .setInstanceId(wanted.getInstanceId())
                .setEpoch(wanted.getEpoch())
                .setState(state);
    }
}
