package io.hypervisor.controller.fence;

import io.hypervisor.controller.state.Snapshot;

import java.time.Duration;

/** Says whether an instance, at its present placement, surely does not run on its node. */
public interface Fencer {
    /** What is known. Asked only about instances whose node is UNREACHABLE; never blocks long. */
    Verdict judge(Snapshot now, String instanceId);

    /** What is known about a placement. */
    sealed interface Verdict {
        /** It does not run, and will not before its node has been told so; with the proof. */
        record NotRunning(String proof) implements Verdict {}

        /** It may run. */
        record MayRun() implements Verdict {}

        /** It may run now, but not after this time if nothing changes. */
        record MayRunFor(Duration rest) implements Verdict {}
    }
}
