package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.libvirt.Connection.State;
import io.hypervisor.agent.driver.libvirt.DomainRecord.Phase;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/** A domain of ours: what its metadata says, and what libvirt says. Pure. */
record DomainState(DomainRecord record, State state) {

    private static final String LOST =
            "runs, but libvirt has lost it: restart it to be able to manage it again";

    boolean active() {
        return state.active();
    }

    /** Whether its record does not say yet that it has ended, or that it runs. */
    boolean isNews() {
        return isHung() || isUntold();
    }

    private boolean isUntold() {
        return switch (record.phase()) {
            case NEW, ENDED_CLEAN, ENDED_FAILED, ENDED_STOPPED, ENDED_UNKNOWN -> active();
            case STARTING -> true;
            case RUNNING, STOPPING -> !active();
        };
    }

    /** The same, whose guest runs although libvirt calls it shut off. */
    DomainState lost() {
        return new DomainState(record, State.LOST);
    }

    /** Whether its guest runs without libvirt, which can only be ended. */
    boolean isLost() {
        return state.equals(State.LOST);
    }

    /** Whether it is there, and nobody has been told that it runs. */
    boolean mayNeverHaveRun() {
        return active() && record.phase() == Phase.STARTING;
    }

    /** Whether its watchdog has halted it; only its end is left. */
    boolean isHung() {
        return state.state() == State.PAUSED && state.reason() == State.REASON_PAUSED_WATCHDOG;
    }

    /** The record as it should be; a run that nobody here saw begin begins now. */
    DomainRecord settled(Instant now) {
        if (!isNews()) {
            return record;
        }
        return isHung()
                ? record.in(record.phase() == Phase.STOPPING ? Phase.STOPPING : Phase.ENDED_FAILED)
                : active() ? record.running(now) : ended();
    }

    private DomainRecord ended() {
        Phase phase =
                switch (record.phase()) {
                    case STOPPING -> Phase.ENDED_STOPPED;
                    case RUNNING ->
                            switch (state.reason()) {
                                case State.REASON_SHUTDOWN -> Phase.ENDED_CLEAN;
                                case State.REASON_CRASHED, State.REASON_FAILED ->
                                        Phase.ENDED_FAILED;
                                // Also what somebody else ended, and what a reboot ended.
                                default -> Phase.ENDED_UNKNOWN;
                            };
                    // libvirt's reason may be that of an earlier run.
                    case STARTING -> Phase.ENDED_UNKNOWN;
                    case NEW, ENDED_CLEAN, ENDED_FAILED, ENDED_STOPPED, ENDED_UNKNOWN ->
                            record.phase();
                };
        return record.in(phase);
    }

    DomainState with(DomainRecord other) {
        return new DomainState(other, state);
    }

    /** A start or stop is under way: until it is through, nothing has ended. */
    DomainState beingChanged() {
        return record.phase() == Phase.STARTING && !active() ? with(record.in(Phase.NEW)) : this;
    }

    Found found(String id) {
        Found.Exit exit = active() ? Found.Exit.NONE : record.phase().exit();
        return new Found(
                id,
                record.epoch(),
                record.runGeneration(),
                record.local(),
                active()
                        ? state.state() == State.PAUSED ? Found.State.PAUSED : Found.State.RUNNING
                        : Found.State.STOPPED,
                exit,
                exit == Found.Exit.CLEAN ? OptionalInt.of(0) : OptionalInt.empty(),
                reason(exit),
                record.startedAt());
    }

    private String reason(Found.Exit exit) {
        if (state.state() == State.PAUSED && state.reason() == State.REASON_PAUSED_IO_ERROR) {
            return "halted, because a disk cannot be read or written: full or broken";
        }
        if (isLost()) {
            return LOST;
        }
        return switch (exit) {
            case NONE, CLEAN, STOPPED -> "";
            case FAILED -> "the virtual machine crashed";
            case UNKNOWN -> "the virtual machine ended, and nobody saw how";
        };
    }

    /** An instance that has a folder and no domain. */
    static Found partial(String id, Optional<DomainRecord> record) {
        return withoutDomain(id, record, Found.State.PARTIAL, "");
    }

    /** An instance that has a guest, and no domain. */
    static Found stray(String id, Optional<DomainRecord> record) {
        return withoutDomain(id, record, Found.State.RUNNING, LOST);
    }

    private static Found withoutDomain(
            String id, Optional<DomainRecord> record, Found.State state, String reason) {
        return new Found(
                id,
                record.map(DomainRecord::epoch).orElse(0L),
                record.map(DomainRecord::runGeneration).orElse(0L),
                record.map(DomainRecord::local).orElse(false),
                state,
                Found.Exit.NONE,
                OptionalInt.empty(),
                reason,
                Optional.empty());
    }
}
