package io.hypervisor.agent.reconcile;

import java.time.Duration;

/** What to do next with one instance. */
sealed interface Step {
    /** Nothing until something changes. */
    record Rest() implements Step {}

    /** Nothing for this long. */
    record Wait(Duration pause) implements Step {}

    record Create() implements Step {}

    /** Start it; {@code again} after it ended by itself. */
    record Start(boolean again) implements Step {}

    /** Give it the interfaces that are wanted. */
    record Wire() implements Step {}

    /** Make it what the spec says, as far as it can while it runs. */
    record Reshape() implements Step {}

    record Stop(Duration grace) implements Step {}

    record Destroy() implements Step {}

    /** It is wanted gone, and it is. */
    record Gone() implements Step {}
}
