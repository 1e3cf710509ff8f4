package io.hypervisor.sim;

/** Judges one promise. Throws {@link Violation} as soon as it does not hold. */
interface Checker {
    /** The store has taken this commit; each is shown once, in order. */
    default void committed(Truth.Commit commit) {}

    /** A step of the scheduler is over, and all commits were shown. */
    default void step() {}
}
