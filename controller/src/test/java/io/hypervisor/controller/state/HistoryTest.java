package io.hypervisor.controller.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.api.internal.v1.HistoryRecord.Term;
import io.hypervisor.api.internal.v1.NodeHello;

import org.junit.jupiter.api.Test;

import java.util.List;

class HistoryTest {
    private static final HistoryRecord NONE = HistoryRecord.getDefaultInstance();
    private static final HistoryRecord COPY = begin(begin(NONE, 1, "a"), 50, "b");

    private static HistoryRecord begin(
            HistoryRecord before, long term, String id, String... superseded) {
        return begin(before, term, term - 1, id, superseded);
    }

    private static HistoryRecord begin(
            HistoryRecord past, long term, long before, String id, String... superseded) {
        Term next = Term.newBuilder().setNumber(term).setId(id).setBefore(before).build();
        return History.begin(past, next, List.of(superseded));
    }

    private static boolean allows(
            HistoryRecord history, long now, long term, String id, long revision) {
        return History.allows(
                history,
                now,
                NodeHello.newBuilder().setTerm(term).setTermId(id).setRevision(revision).build());
    }

    @Test
    void followsItsOwnPast() {
        assertThat(allows(COPY, 60, 0, "", 0)).isTrue();
        assertThat(allows(COPY, 60, 1, "a", 49)).isTrue();
        assertThat(allows(COPY, 60, 50, "b", 60)).isTrue();
        assertThat(History.id(COPY, 50)).isEqualTo("b");
        assertThat(History.id(COPY, 51)).isEmpty();
    }

    @Test
    void refusesWhatItHasNeverHeld() {
        assertThat(allows(COPY, 60, 50, "b", 61)).isFalse();
        assertThat(allows(COPY, 60, 1, "a", 50)).isFalse();
        assertThat(allows(COPY, 60, 70, "c", 71)).isFalse();
    }

    @Test
    void aRestoredStoreIsToldApartHoweverFarItGoesOn() {
        // The lost past went on in term b to 90; the restored one begins its next term at 61.
        HistoryRecord restored = begin(COPY, 61, "d");
        HistoryRecord later = begin(restored, 500, "e");
        assertThat(allows(later, 600, 50, "b", 90)).isFalse();
        // The same number, by coincidence.
        assertThat(allows(later, 600, 61, "c", 80)).isFalse();
        assertThat(allows(later, 600, 50, "b", 60)).isTrue();
    }

    @Test
    void revisionsThatOthersUsedUpAreNoPast() {
        // The lost past went on in term b to 90; others wrote to the same etcd before the next
        // term.
        HistoryRecord restored = begin(COPY, 200, 60, "d");
        assertThat(allows(restored, 210, 50, "b", 90)).isFalse();
        assertThat(allows(restored, 210, 50, "b", 60)).isTrue();
    }

    @Test
    void anOperatorGivesAPastUp() {
        HistoryRecord restored = begin(COPY, 61, "d", "c");
        assertThat(allows(restored, 62, 61, "c", 80)).isTrue();
        HistoryRecord later = begin(restored, 70, "e", "c");
        assertThat(later.getSupersededList()).containsExactly("c");
        assertThat(allows(later, 71, 61, "x", 80)).isFalse();
    }

    @Test
    void isBounded() {
        HistoryRecord history = NONE;
        for (int i = 1; i <= 1000; i++) {
            history = begin(history, i, "t" + i, "s" + i);
        }
        assertThat(history.getTermsCount()).isEqualTo(256);
        assertThat(history.getSupersededCount()).isEqualTo(64);
        assertThat(allows(history, 1000, 1000, "t1000", 1000)).isTrue();
        assertThat(allows(history, 1000, 744, "t744", 744)).isFalse();
    }
}
