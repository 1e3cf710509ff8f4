package io.hypervisor.controller.store;

import com.google.protobuf.ByteString;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A durable map from keys to values with one revision counter over all of it.
 *
 * <p>Keys match {@code [a-z_]+/[A-Za-z0-9._:/-]{1,255}}; values have at most 1 MiB. Methods block
 * and are safe for concurrent use.
 */
public interface Store extends AutoCloseable {
    /** How many writes one commit may hold. */
    int MAX_WRITES = 100;

    /** How many bytes one value may have. */
    int MAX_VALUE_BYTES = 1 << 20;

    /** How many bytes the keys and values of one commit may have together. */
    int MAX_COMMIT_BYTES = MAX_VALUE_BYTES + (1 << 18);

    /** One change: a new value, or none to delete the key. */
    record Write(String key, Optional<ByteString> value) {}

    /** One stored value and the revision that wrote it. */
    record Stored(String key, ByteString value, long revision) {}

    /** Everything at one revision, ordered by key. */
    record Loaded(long revision, List<Stored> entries) {}

    /** All changes of one revision, in no particular order; perhaps none. */
    record Change(long revision, List<Write> writes) {}

    /** Reads everything, as of a revision not older than any commit that has returned. */
    Loaded load();

    /**
     * Applies all writes or none, durably, and returns their revision, which is greater than every
     * revision before. At least one write, at most {@link #MAX_WRITES}, keys distinct, at most
     * {@link #MAX_COMMIT_BYTES} together. Deleting a key that is not there changes nothing.
     *
     * @throws StoreException FENCED if the term has ended and nothing was written; UNAVAILABLE if
     *     nothing was written; AMBIGUOUS if it is not known, and then it may still take effect
     *     later
     */
    long commit(Term term, List<Write> writes);

    /**
     * Calls the listener, from one thread, with every change after a revision, in revision order,
     * each whole and once, until closed or until {@link ChangeListener#lost} was called.
     */
    Subscription changes(long after, ChangeListener listener);

    /**
     * Stands for election: calls {@code won} once, on any thread, when this candidate is the only
     * writer. Keeps trying while the store is out of reach. The candidate's text is for people.
     * Closing withdraws, and gives the term up if it was won.
     */
    Subscription campaign(String candidate, Consumer<Term> won);

    @Override
    void close();

    /** Gets changes. */
    interface ChangeListener {
        /** The next change. */
        void changed(Change change);

        /** Changes were missed (compacted away, or the store was out of reach): load again. */
        void lost(StoreException cause);
    }

    /** Calls to come; after closing, none begins. */
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }
}
