package io.hypervisor.agent.driver;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * An instance as it exists on this node. {@code epoch}, {@code runGeneration} and {@code local} are
 * those of the {@link Target} it was made or last started from; {@code guestAddress} is what its
 * guest says, which may be anything, as an IP address.
 */
public record Found(
        String instanceId,
        long epoch,
        long runGeneration,
        boolean local,
        State state,
        Exit exit,
        OptionalInt exitCode,
        String reason,
        Optional<Instant> startedAt,
        String guestAddress) {

    /** One whose guest has said nothing. */
    public Found(
            String instanceId,
            long epoch,
            long runGeneration,
            boolean local,
            State state,
            Exit exit,
            OptionalInt exitCode,
            String reason,
            Optional<Instant> startedAt) {
        this(instanceId, epoch, runGeneration, local, state, exit, exitCode, reason, startedAt, "");
    }

    /** The same, whose guest says that it has an address. */
    public Found at(String address) {
        return new Found(
                instanceId,
                epoch,
                runGeneration,
                local,
                state,
                exit,
                exitCode,
                reason,
                startedAt,
                address);
    }

    /** Whether it is complete and runs. */
    public enum State {
        /** Half-made: {@code create} did not finish, or {@code destroy} did not. */
        PARTIAL,
        /** Complete, not running. */
        STOPPED,
        RUNNING,
        /** Complete, its processors halted from outside. */
        PAUSED
    }

    /** How its last run ended. */
    public enum Exit {
        /** It runs, or has never run. */
        NONE,
        /** By itself, without an error: exit code 0, or a guest that shut down. */
        CLEAN,
        /** By itself, with an error: other exit code, crash, out of memory. */
        FAILED,
        /** By {@link InstanceDriver#stop}. */
        STOPPED,
        /** Cannot be told: the machine went down, or its daemon lost it. */
        UNKNOWN
    }
}
