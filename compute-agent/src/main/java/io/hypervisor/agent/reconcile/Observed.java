package io.hypervisor.agent.reconcile;

import com.google.protobuf.Timestamp;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.InstanceState;

import java.time.Instant;
import java.util.Optional;

/** Puts what the node says of an instance into the record that it reports. Pure. */
final class Observed {
    // What fits into a state_reason that people read.
    private static final int MAX_REASON = 1_024;

    private Observed() {}

    /** An instance that is wanted, as it stands before the plan's step. */
    static ObservedRecord of(Assignment want, Optional<Found> found, Memory memory, Plan plan) {
        ObservedRecord.Builder record =
                ObservedRecord.newBuilder()
                        .setInstanceId(want.getInstanceId())
                        .setEpoch(want.getEpoch())
                        .setRunGeneration(want.getRunGeneration())
                        .setState(plan.state())
                        .setStateReason(cut(plan.reason()))
                        .setRestartCount(memory.restarts());
        memory.shape()
                .filter(shape -> shape.spec().equals(want.getSpec()))
                .ifPresent(
                        shape ->
                                record.setAppliedGeneration(want.getSpecGeneration())
                                        .addAllNeedsRestart(shape.waiting()));
        found.filter(f -> f.epoch() == want.getEpoch()).ifPresent(f -> addRun(record, f));
        // Of one with a port of its own the address is known, whatever its guest says.
        if (want.getSpec().hasNetwork()) {
            record.clearIpAddress();
        }
        return record.build();
    }

    /** A copy that nobody is known to want. */
    static ObservedRecord unknown(Found found, String reason) {
        ObservedRecord.Builder record =
                ObservedRecord.newBuilder()
                        .setInstanceId(found.instanceId())
                        .setEpoch(found.epoch())
                        .setState(
                                switch (found.state()) {
                                    case RUNNING -> InstanceState.INSTANCE_STATE_RUNNING;
                                    case PAUSED -> InstanceState.INSTANCE_STATE_PAUSED;
                                    case STOPPED -> InstanceState.INSTANCE_STATE_STOPPED;
                                    case PARTIAL -> InstanceState.INSTANCE_STATE_CREATING;
                                })
                        .setStateReason(cut(reason));
        addRun(record, found);
        return record.build();
    }

    /** An instance that is wanted, where no truth can be had. */
    static ObservedRecord blind(Assignment want, InstanceState state, String reason) {
        return ObservedRecord.newBuilder()
                .setInstanceId(want.getInstanceId())
                .setEpoch(want.getEpoch())
                .setRunGeneration(want.getRunGeneration())
                .setState(state)
                .setStateReason(cut(reason))
                .build();
    }

    /** An instance that was wanted gone, and is. */
    static ObservedRecord gone(Assignment want) {
        return ObservedRecord.newBuilder()
                .setInstanceId(want.getInstanceId())
                .setEpoch(want.getEpoch())
                .setRunGeneration(want.getRunGeneration())
                .setState(InstanceState.INSTANCE_STATE_STOPPED)
                .setGone(true)
                .build();
    }

    private static void addRun(ObservedRecord.Builder record, Found found) {
        record.setRunGeneration(found.runGeneration()).setIpAddress(found.guestAddress());
        found.startedAt().map(Observed::timestamp).ifPresent(record::setStartedAt);
        found.exitCode().ifPresent(record::setExitCode);
    }

    private static Timestamp timestamp(Instant at) {
        return Timestamp.newBuilder()
                .setSeconds(at.getEpochSecond())
                .setNanos(at.getNano())
                .build();
    }

    private static String cut(String reason) {
        return reason.length() <= MAX_REASON ? reason : reason.substring(0, MAX_REASON);
    }
}
