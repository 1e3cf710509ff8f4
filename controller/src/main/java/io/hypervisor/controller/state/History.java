package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.api.internal.v1.HistoryRecord.Term;
import io.hypervisor.api.internal.v1.NodeHello;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Which pasts this store continues. Pure. */
public final class History {
    // A node that slept through more changes of the leader is asked about like one of another past.
    private static final int MAX_TERMS = 256;
    private static final int MAX_SUPERSEDED = 64;

    private History() {}

    /** The history when a term begins. */
    public static HistoryRecord begin(HistoryRecord before, Term term, List<String> superseded) {
        List<Term> terms = new ArrayList<>(before.getTermsList());
        terms.add(term);
        Set<String> given = new LinkedHashSet<>(before.getSupersededList());
        given.addAll(superseded);
        return HistoryRecord.newBuilder()
                .addAllTerms(last(MAX_TERMS, terms))
                .addAllSuperseded(last(MAX_SUPERSEDED, List.copyOf(given)))
                .build();
    }

    private static <T> List<T> last(int most, List<T> all) {
        return all.subList(Math.max(0, all.size() - most), all.size());
    }

    /** The id of a term; empty if it is not known any more. */
    public static String id(HistoryRecord history, long term) {
        return history.getTermsList().stream()
                .filter(one -> one.getNumber() == term)
                .map(Term::getId)
                .findFirst()
                .orElse("");
    }

    /**
     * Whether a node may follow the store at this revision: what it has journaled is of this
     * store's past, or of one that was given up.
     */
    public static boolean allows(HistoryRecord history, long revision, NodeHello hello) {
        return hello.getTerm() == 0
                || history.getSupersededList().contains(hello.getTermId())
                || holds(history, revision, hello.getTermId(), hello.getRevision());
    }

    /** Whether the store at this revision has gone through that revision of that term. */
    public static boolean holds(HistoryRecord history, long revision, String termId, long known) {
        List<Term> terms = history.getTermsList();
        for (int i = 0; i < terms.size(); i++) {
            if (terms.get(i).getId().equals(termId)) {
                long last = i + 1 < terms.size() ? terms.get(i + 1).getBefore() : revision;
                return known <= last;
            }
        }
        return false;
    }
}
