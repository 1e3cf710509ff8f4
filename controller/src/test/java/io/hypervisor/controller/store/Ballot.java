package io.hypervisor.controller.store;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A candidacy that tests can wait for. */
public final class Ballot {
    private final CompletableFuture<Term> term = new CompletableFuture<>();
    private Store.Subscription candidacy = () -> {};

    /** Stands for election. */
    public static Ballot of(Store store) {
        Ballot ballot = new Ballot();
        ballot.candidacy = store.campaign("test", ballot.term::complete);
        return ballot;
    }

    /** Waits for the term. */
    public Term won() {
        return term.orTimeout(30, TimeUnit.SECONDS).join();
    }

    public boolean hasWon() {
        return term.isDone() && !term.isCompletedExceptionally();
    }

    /** Gives up the term, or the hope of it. */
    public void withdraw() {
        candidacy.close();
    }
}
