package io.hypervisor.controller.store;

/** The right to write, from winning a campaign until it is lost or given up. */
public interface Term extends AutoCloseable {
    /** Whether it was still held when last heard of. Commits are checked by the store itself. */
    boolean held();

    /** Runs once when the term ends, at once if it has ended; on any thread. */
    void onEnd(Runnable action);

    /** Gives the right up. */
    @Override
    void close();
}
