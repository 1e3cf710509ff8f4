package io.hypervisor.agent.driver.microvm;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.internal.v1.Nic;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What an instance's folder says about it.
 *
 * @param nics the interfaces of its last run
 */
record RunRecord(
        long epoch,
        long runGeneration,
        boolean local,
        Phase phase,
        Optional<Instant> startedAt,
        List<Nic> nics) {

    /** Where the instance stands. */
    enum Phase {
        /** Half-made, or about to go. */
        MAKING,
        /** Complete; has never run. */
        NEW,
        /** A QEMU may be there; no instruction of the guest was executed. */
        STARTING,
        /** The guest may have run. */
        RUNNING,
        /** Asked to stop; however it ends now is a stop. */
        STOPPING,
        ENDED_CLEAN,
        ENDED_FAILED,
        ENDED_STOPPED,
        ENDED_UNKNOWN;

        boolean isOver() {
            return switch (this) {
                case ENDED_CLEAN, ENDED_FAILED, ENDED_STOPPED, ENDED_UNKNOWN -> true;
                case MAKING, NEW, STARTING, RUNNING, STOPPING -> false;
            };
        }

        /** How the run ended, for an instance that does not run. */
        Found.Exit exit() {
            return switch (this) {
                case MAKING, NEW, STARTING -> Found.Exit.NONE;
                case ENDED_CLEAN -> Found.Exit.CLEAN;
                case ENDED_FAILED -> Found.Exit.FAILED;
                case STOPPING, ENDED_STOPPED -> Found.Exit.STOPPED;
                case RUNNING, ENDED_UNKNOWN -> Found.Exit.UNKNOWN;
            };
        }
    }

    static RunRecord of(Target target) {
        return new RunRecord(
                target.epoch(),
                target.runGeneration(),
                target.local(),
                Phase.MAKING,
                Optional.empty(),
                List.of());
    }

    RunRecord starting(Target target) {
        return new RunRecord(
                epoch,
                target.runGeneration(),
                local,
                Phase.STARTING,
                Optional.empty(),
                target.nics());
    }

    RunRecord running(Instant since) {
        return new RunRecord(epoch, runGeneration, local, Phase.RUNNING, Optional.of(since), nics);
    }

    RunRecord in(Phase next) {
        return new RunRecord(epoch, runGeneration, local, next, startedAt, nics);
    }

    String write() {
        JsonObject json = new JsonObject();
        json.addProperty("epoch", epoch);
        json.addProperty("generation", runGeneration);
        json.addProperty("local", local);
        json.addProperty("phase", phase.name());
        startedAt.ifPresent(at -> json.addProperty("started", at.toString()));
        json.addProperty("nics", Nics.write(nics));
        return json + "\n";
    }

    /** Reads what {@link #write} wrote; throws IllegalArgumentException if it is something else. */
    static RunRecord parse(String text) {
        try {
            JsonObject json = JsonParser.parseString(text).getAsJsonObject();
            return new RunRecord(
                    json.get("epoch").getAsLong(),
                    json.get("generation").getAsLong(),
                    json.get("local").getAsBoolean(),
                    Phase.valueOf(json.get("phase").getAsString()),
                    Optional.ofNullable(json.get("started"))
                            .map(at -> Instant.parse(at.getAsString())),
                    Nics.read(json.get("nics").getAsString()));
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("not a record: " + e.getMessage(), e);
        }
    }
}
