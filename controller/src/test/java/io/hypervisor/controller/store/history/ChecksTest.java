package io.hypervisor.controller.store.history;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store.Change;
import io.hypervisor.controller.store.Store.Loaded;
import io.hypervisor.controller.store.Store.Stored;
import io.hypervisor.controller.store.Store.Write;
import io.hypervisor.controller.store.StoreException.Kind;
import io.hypervisor.controller.store.history.History.Applied;
import io.hypervisor.controller.store.history.History.Commit;
import io.hypervisor.controller.store.history.History.Delivery;
import io.hypervisor.controller.store.history.History.Failed;
import io.hypervisor.controller.store.history.History.Forgotten;
import io.hypervisor.controller.store.history.History.Load;
import io.hypervisor.controller.store.history.History.Reign;
import io.hypervisor.controller.store.history.History.Watched;
import io.hypervisor.controller.store.history.LinearSearch.Call;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** A sound history passes every check, and each check finds the break made for it. */
class ChecksTest {
    private static final long NEVER = History.NEVER;

    // Term A writes at 11, 12 and, unheard, at 13; then B at 21. Revision 20 is no commit.
    private final List<Change> truth =
            new ArrayList<>(
                    List.of(
                            change(11, put("a/1", "v1"), put("a/2", "v2")),
                            change(12, put("a/1", "v3"), delete("a/2")),
                            change(13, put("a/1", "v4")),
                            change(20),
                            change(21, put("a/3", "v5"))));
    private final List<Commit> commits =
            new ArrayList<>(
                    List.of(
                            commit("A", 1, 4, 11, put("a/1", "v1"), put("a/2", "v2")),
                            commit("A", 5, 8, 12, put("a/1", "v3"), delete("a/2"), delete("a/9")),
                            failed("A", 9, NEVER, Kind.AMBIGUOUS, put("a/1", "v4")),
                            failed("A", 10, NEVER, Kind.AMBIGUOUS, put("a/1", "never")),
                            failed("A", 20, 22, Kind.FENCED, put("a/1", "late")),
                            commit("B", 15, 30, 21, put("a/3", "v5"))));
    private final List<Load> loads =
            new ArrayList<>(
                    List.of(
                            load(2, 6, 11, stored("a/1", "v1", 11), stored("a/2", "v2", 11)),
                            load(12, 14, 13, stored("a/1", "v4", 13)),
                            load(31, 33, 21, stored("a/1", "v4", 13), stored("a/3", "v5", 21))));
    private final List<Watched> watched = new ArrayList<>();
    private final List<Forgotten> forgotten = new ArrayList<>();
    private final List<Reign> reigns =
            new ArrayList<>(List.of(new Reign("A", 5, 19), new Reign("B", 20, NEVER)));

    private static Write put(String key, String value) {
        return new Write(key, Optional.of(ByteString.copyFromUtf8(value)));
    }

    private static Write delete(String key) {
        return new Write(key, Optional.empty());
    }

    private static Change change(long revision, Write... writes) {
        return new Change(revision, List.of(writes));
    }

    private static Commit commit(
            String term, long began, long ended, long revision, Write... writes) {
        return new Commit(term, began, ended, List.of(writes), new Applied(revision));
    }

    private static Commit failed(String term, long began, long ended, Kind kind, Write... writes) {
        return new Commit(term, began, ended, List.of(writes), new Failed(kind));
    }

    private static Stored stored(String key, String value, long revision) {
        return new Stored(key, ByteString.copyFromUtf8(value), revision);
    }

    private static Load load(long began, long ended, long revision, Stored... entries) {
        return new Load(began, ended, new Loaded(revision, List.of(entries)));
    }

    /** A subscription that was told these revisions, each a little after it happened. */
    private void watch(long after, Long... revisions) {
        List<Delivery> told =
                LongStream.range(0, revisions.length)
                        .mapToObj(i -> told(40 + i, revisions[(int) i]))
                        .toList();
        watched.add(new Watched(after, told, Optional.empty(), false));
    }

    private Delivery told(long at, long revision) {
        return new Delivery(
                at,
                truth.stream()
                        .filter(change -> change.revision() == revision)
                        .findFirst()
                        .orElse(change(revision)));
    }

    private History history() {
        Loaded start = new Loaded(10, List.of());
        return new History(start, truth, commits, loads, watched, forgotten, reigns);
    }

    private void assertFound(String check) {
        assertThat(Checks.violations(history()))
                .as(check)
                .anyMatch(line -> line.startsWith(check + ": "));
    }

    @Test
    void findsNothingInASoundHistory() {
        watch(10, 11L, 12L, 13L, 20L, 21L);
        watch(12, 13L, 20L);
        watch(15, 20L, 21L);
        forgotten.add(new Forgotten(35, 12));
        watched.add(new Watched(11, List.of(), Optional.of(36L), true));
        watched.add(new Watched(20, List.of(told(30, 21)), Optional.empty(), true));
        assertThat(Checks.violations(history())).isEmpty();
    }

    @Test
    void anAcknowledgedWriteIsMissing() {
        truth.remove(1);
        assertFound("acknowledged writes are there");
    }

    @Test
    void anAcknowledgedWriteIsAtAnotherRevision() {
        truth.set(1, change(14, put("a/1", "v3"), delete("a/2")));
        assertFound("acknowledged writes are there");
    }

    @Test
    void aRefusedWriteHappened() {
        truth.add(change(22, put("a/1", "late")));
        assertFound("refused writes are nowhere");
    }

    @Test
    void anAmbiguousWriteHappenedTwice() {
        truth.add(change(14, put("a/1", "v4")));
        assertFound("ambiguous writes happened once at most");
    }

    @Test
    void aCommitHappenedInPart() {
        truth.set(0, change(11, put("a/1", "v1")));
        assertFound("commits are whole");
    }

    @Test
    void aCommitDidMoreThanItWasAsked() {
        truth.set(4, change(21, put("a/3", "v5"), delete("a/1")));
        assertFound("commits are whole");
    }

    @Test
    void aWriteIsNobodys() {
        truth.add(change(22, put("a/1", "whose?")));
        assertFound("commits are whole");
    }

    @Test
    void revisionsDisregardRealTime() {
        commits.set(0, commit("A", 9, 10, 11, put("a/1", "v1"), put("a/2", "v2")));
        assertFound("real-time order");
    }

    @Test
    void aLoadMissesWhatWasAcknowledgedBeforeItBegan() {
        loads.set(2, load(31, 33, 13, stored("a/1", "v4", 13)));
        assertFound("real-time order");
    }

    @Test
    void aLoadIsOfTheFuture() {
        loads.set(1, load(1, 3, 13, stored("a/1", "v4", 13)));
        assertFound("real-time order");
    }

    @Test
    void aLaterLoadIsOlder() {
        loads.add(load(34, 35, 20, stored("a/1", "v4", 13)));
        assertFound("real-time order");
    }

    @Test
    void aLoadIsNotTheStateAtItsRevision() {
        loads.set(1, load(12, 14, 13, stored("a/1", "v1", 11)));
        assertFound("loads equal the replay");
        assertFound("general search");
    }

    @Test
    void aLoadMixesTwoStates() {
        loads.set(0, load(2, 6, 11, stored("a/1", "v1", 11)));
        assertFound("loads equal the replay");
    }

    @Test
    void aFormerTermWritesAgain() {
        truth.add(change(22, put("a/1", "v6")));
        commits.add(commit("A", 31, 33, 22, put("a/1", "v6")));
        assertFound("terms are contiguous");
        assertFound("terms write while their key is there");
    }

    @Test
    void aTermWritesBeforeItsKeyIsThere() {
        reigns.set(1, new Reign("B", 23, NEVER));
        assertFound("terms write while their key is there");
    }

    @Test
    void aWatchGoesBack() {
        watch(10, 11L, 13L, 12L);
        assertFound("watch ordered");
    }

    @Test
    void aWatchRepeats() {
        watch(10, 11L, 12L, 12L);
        assertFound("watch unique");
        watched.clear();
        watch(11, 11L, 12L);
        assertFound("watch unique");
    }

    @Test
    void aWatchSplitsARevision() {
        watched.add(
                new Watched(
                        10,
                        List.of(new Delivery(40, change(11, put("a/1", "v1")))),
                        Optional.empty(),
                        false));
        assertFound("watch atomic");
    }

    @Test
    void aWatchLeavesOneOut() {
        watch(10, 11L, 13L);
        assertFound("watch reliable");
    }

    @Test
    void aWatchStopsWithoutAWord() {
        watched.add(new Watched(12, List.of(told(40, 13)), Optional.empty(), true));
        assertFound("watch reliable");
    }

    @Test
    void aWatchDoesNotResumeWhereItWasAskedTo() {
        watch(11, 13L, 20L);
        assertFound("watch resumable");
    }

    @Test
    void aWatchTellsWhatNeverHappened() {
        watch(13, 14L);
        assertFound("watch never from the future");
    }

    @Test
    void aWatchTellsACommitBeforeItBegan() {
        watched.add(new Watched(20, List.of(told(14, 21)), Optional.empty(), false));
        assertFound("watch never from the future");
    }

    @Test
    void aLoadMissesWhatAWatchHasTold() {
        watched.add(new Watched(11, List.of(told(11, 12), told(12, 13)), Optional.empty(), false));
        loads.set(1, load(13, 14, 12, stored("a/1", "v3", 12)));
        assertFound("watch never from the future");
    }

    @Test
    void aWatchIsLostWithoutAReason() {
        forgotten.add(new Forgotten(35, 11));
        watched.add(new Watched(11, List.of(), Optional.of(36L), true));
        assertFound("watch lost with a reason");
    }

    @Test
    void aWatchGoesOnAfterItWasLost() {
        forgotten.add(new Forgotten(35, 12));
        watched.add(new Watched(11, List.of(told(38, 12)), Optional.of(36L), true));
        assertFound("watch lost with a reason");
    }

    private static boolean possible(Call... calls) {
        return new LinearSearch(Optional.empty(), List.of(calls)).possible();
    }

    private static Call write(String value, long began, long ended) {
        return new Call(false, Optional.of(ByteString.copyFromUtf8(value)), began, ended);
    }

    private static Call read(String value, long began, long ended) {
        return new Call(true, Optional.of(ByteString.copyFromUtf8(value)), began, ended);
    }

    @Test
    void theSearchFindsAnOrderWhereThereIsOne() {
        assertThat(possible(write("x", 1, 4), write("y", 2, 5), read("x", 6, 7))).isTrue();
        assertThat(possible(write("x", 1, NEVER), new Call(true, Optional.empty(), 2, 3))).isTrue();
        assertThat(
                        possible(
                                write("x", 1, NEVER),
                                write("y", 2, 3),
                                read("y", 4, 5),
                                read("x", 6, 7)))
                .isTrue();
    }

    @Test
    void theSearchFindsNoneWhereThereIsNone() {
        assertThat(possible(write("x", 1, 2), write("y", 3, 4), read("x", 5, 6))).isFalse();
        assertThat(
                        possible(
                                write("x", 1, 8),
                                read("x", 2, 3),
                                new Call(true, Optional.empty(), 4, 5)))
                .isFalse();
        assertThat(
                        possible(
                                write("x", 1, NEVER),
                                write("y", 2, 3),
                                read("x", 4, 5),
                                read("y", 6, 7)))
                .isFalse();
    }
}
