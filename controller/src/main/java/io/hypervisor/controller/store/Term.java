package io.hypervisor.controller.store;

/** The right to write, from winning a campaign until it is lost or given up. */
public interface Term extends AutoCloseable {
    /** Whether it was still held when last heard of. Commits are checked by the store itself. */
    boolean held();

    /** Runs once when the term ends, at once if it has ended; on any thread. */
    void onEnd(Runnable action);

    /**
     * The revision of the last commit before this term's first: the one before that, unless the
     * store counts more than commits.
     */
    default long before(long first) {
        return first - 1;
    }

    /** Gives the right up. */
    @Override
    void close();
}
