package io.hypervisor.agent.driver.microvm;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.microvm.RunRecord.Phase;

import java.util.OptionalInt;

/** An instance: what its record says, and what QEMU says. Pure. */
record MicroVm(RunRecord record, GuestState guest) {

    /** Whether the guest runs, or may go on. */
    boolean alive() {
        return !guest.over() && guest != GuestState.WAITING && begun();
    }

    private boolean begun() {
        return record.phase() == Phase.RUNNING || record.phase() == Phase.STOPPING;
    }

    /** Its record, for a new start; what waits for its first instruction has not run. */
    RunRecord neverBegun() {
        return guest == GuestState.WAITING ? record.in(Phase.STARTING) : record;
    }

    /** Whether its run is over and the record does not say so. */
    boolean isNews() {
        return begun() && guest.over();
    }

    /** The record once {@link #isNews}. */
    RunRecord ended() {
        if (record.phase() == Phase.STOPPING) {
            return record.in(Phase.ENDED_STOPPED);
        }
        return record.in(
                switch (guest) {
                    case SHUT_DOWN -> Phase.ENDED_CLEAN;
                    case CRASHED -> Phase.ENDED_FAILED;
                    // Killed, or gone with the machine.
                    case ABSENT, WAITING, RUNNING, PAUSED, BROKEN_DISK, SILENT ->
                            Phase.ENDED_UNKNOWN;
                });
    }

    Found found(String id) {
        Found.Exit exit =
                alive() || guest == GuestState.WAITING ? Found.Exit.NONE : record.phase().exit();
        return new Found(
                id,
                record.epoch(),
                record.runGeneration(),
                record.local(),
                state(),
                exit,
                exit == Found.Exit.CLEAN ? OptionalInt.of(0) : OptionalInt.empty(),
                reason(exit),
                record.startedAt());
    }

    private Found.State state() {
        if (record.phase() == Phase.MAKING) {
            return Found.State.PARTIAL;
        }
        if (!alive()) {
            return Found.State.STOPPED;
        }
        return switch (guest) {
            case PAUSED, BROKEN_DISK -> Found.State.PAUSED;
            case ABSENT, WAITING, RUNNING, SHUT_DOWN, CRASHED, SILENT -> Found.State.RUNNING;
        };
    }

    private String reason(Found.Exit exit) {
        if (guest == GuestState.BROKEN_DISK) {
            return "halted, because a disk cannot be read or written: full or broken";
        }
        if (guest == GuestState.SILENT) {
            return "QEMU does not answer";
        }
        return switch (exit) {
            case NONE, CLEAN, STOPPED -> "";
            case FAILED -> "the microVM crashed";
            case UNKNOWN -> "the microVM ended, and nobody saw how";
        };
    }
}
