package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.containerd.wire.Process;
import io.hypervisor.agent.driver.containerd.wire.TaskStatus;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the labels of a container record say. Each step is written before it is taken: {@code
 * started} before the task starts, {@code ending} before it is asked to end; {@code exit} is
 * written before an ended task, which knows how it ended, is removed.
 *
 * @param complete create has finished and destroy has not begun
 * @param started when its last run began; empty before the first
 * @param ending its last run was asked to end
 * @param exit how its last run ended; NONE while that is not settled
 * @param stopSignal what asks it to end, as a number
 */
record Marks(
        long epoch,
        long generation,
        boolean local,
        boolean complete,
        int stopSignal,
        Optional<Instant> started,
        boolean ending,
        Found.Exit exit,
        OptionalInt exitCode,
        String reason) {

    private static final String PREFIX = "io.hypervisor/";
    private static final String EPOCH = PREFIX + "epoch";
    private static final String GENERATION = PREFIX + "generation";
    private static final String LOCAL = PREFIX + "local";
    private static final String COMPLETE = PREFIX + "complete";
    private static final String STOP_SIGNAL = PREFIX + "stop-signal";
    private static final String STARTED = PREFIX + "started";
    private static final String ENDING = PREFIX + "ending";
    private static final String EXIT = PREFIX + "exit";
    private static final String EXIT_CODE = PREFIX + "exit-code";
    private static final String REASON = PREFIX + "reason";

    /** Selects the containers that have marks. */
    static final String FILTER = "labels.\"" + EPOCH + "\"";

    /** Whether a container is one of ours. */
    static boolean areIn(Map<String, String> labels) {
        return labels.containsKey(EPOCH);
    }

    static Marks fresh(long epoch, long generation, boolean local, int stopSignal) {
        return new Marks(
                epoch,
                generation,
                local,
                false,
                stopSignal,
                Optional.empty(),
                false,
                Found.Exit.NONE,
                OptionalInt.empty(),
                "");
    }

    /** Reads labels that {@link #labels} wrote. */
    static Marks of(Map<String, String> labels) {
        return new Marks(
                Long.parseLong(labels.getOrDefault(EPOCH, "0")),
                Long.parseLong(labels.getOrDefault(GENERATION, "0")),
                labels.containsKey(LOCAL),
                labels.containsKey(COMPLETE),
                Integer.parseInt(labels.getOrDefault(STOP_SIGNAL, "15")),
                Optional.ofNullable(labels.get(STARTED)).map(Instant::parse),
                labels.containsKey(ENDING),
                Found.Exit.valueOf(labels.getOrDefault(EXIT, "NONE")),
                labels.containsKey(EXIT_CODE)
                        ? OptionalInt.of(Integer.parseInt(labels.get(EXIT_CODE)))
                        : OptionalInt.empty(),
                labels.getOrDefault(REASON, ""));
    }

    Map<String, String> labels() {
        Map<String, String> labels = new HashMap<>();
        labels.put(EPOCH, Long.toString(epoch));
        labels.put(GENERATION, Long.toString(generation));
        labels.put(STOP_SIGNAL, Integer.toString(stopSignal));
        if (local) {
            labels.put(LOCAL, "true");
        }
        if (complete) {
            labels.put(COMPLETE, "true");
        }
        started.ifPresent(at -> labels.put(STARTED, at.toString()));
        if (ending) {
            labels.put(ENDING, "true");
        }
        if (exit != Found.Exit.NONE) {
            labels.put(EXIT, exit.name());
        }
        exitCode.ifPresent(code -> labels.put(EXIT_CODE, Integer.toString(code)));
        if (!reason.isEmpty()) {
            labels.put(REASON, reason);
        }
        return labels;
    }

    Marks withComplete(boolean now) {
        return new Marks(
                epoch, generation, local, now, stopSignal, started, ending, exit, exitCode, reason);
    }

    Marks starting(long newGeneration, Instant now) {
        return new Marks(
                epoch,
                newGeneration,
                local,
                complete,
                stopSignal,
                Optional.of(now),
                false,
                Found.Exit.NONE,
                OptionalInt.empty(),
                "");
    }

    Marks askedToEnd() {
        return new Marks(
                epoch,
                generation,
                local,
                complete,
                stopSignal,
                started,
                true,
                exit,
                exitCode,
                reason);
    }

    /** It could not be started. */
    Marks failed(String why) {
        return settled(Found.Exit.FAILED, OptionalInt.empty(), why);
    }

    /** Its task ended with this exit status. */
    Marks ended(int status, boolean outOfMemory) {
        OptionalInt code = OptionalInt.of(status);
        if (ending) {
            return settled(Found.Exit.STOPPED, code, "");
        }
        if (status == 0) {
            return settled(Found.Exit.CLEAN, code, "");
        }
        String why = outOfMemory ? "out of memory" : Signals.ended(status);
        return settled(Found.Exit.FAILED, code, why);
    }

    private Marks settled(Found.Exit how, OptionalInt code, String why) {
        return new Marks(
                epoch, generation, local, complete, stopSignal, started, ending, how, code, why);
    }

    /** What an instance is, by its marks and its task. */
    Found found(String id, Optional<Process> task) {
        TaskStatus status = task.map(Process::getStatus).orElse(TaskStatus.UNKNOWN);
        if (status == TaskStatus.STOPPED && exit == Found.Exit.NONE) {
            return ended(task.orElseThrow().getExitStatus(), false).found(id, Optional.empty());
        }
        Found.State state =
                switch (status) {
                    case RUNNING -> Found.State.RUNNING;
                    case PAUSED, PAUSING -> Found.State.PAUSED;
                    case UNKNOWN, CREATED, STOPPED, UNRECOGNIZED -> Found.State.STOPPED;
                };
        if (state != Found.State.STOPPED) {
            Found.State whole = complete ? state : Found.State.PARTIAL;
            return new Found(
                    id,
                    epoch,
                    generation,
                    local,
                    whole,
                    Found.Exit.NONE,
                    OptionalInt.empty(),
                    "",
                    started);
        }
        boolean lost = started.isPresent() && exit == Found.Exit.NONE;
        Found.Exit how = !lost ? exit : ending ? Found.Exit.STOPPED : Found.Exit.UNKNOWN;
        return new Found(
                id,
                epoch,
                generation,
                local,
                complete ? Found.State.STOPPED : Found.State.PARTIAL,
                how,
                exitCode,
                how == Found.Exit.UNKNOWN ? "containerd does not know how it ended" : reason,
                started);
    }
}
