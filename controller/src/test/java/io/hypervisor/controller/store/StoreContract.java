package io.hypervisor.controller.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store.Change;
import io.hypervisor.controller.store.Store.Stored;
import io.hypervisor.controller.store.Store.Write;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

/** What every store promises. */
public abstract class StoreContract {
    protected final Tasks tasks = new VirtualTasks();
    protected Store store;

    /** Opens a store; again after closing, over the same data. */
    protected abstract Store open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeAll() {
        store.close();
        tasks.close();
    }

    protected static Write put(String key, String value) {
        return new Write(key, Optional.of(ByteString.copyFromUtf8(value)));
    }

    protected static Write delete(String key) {
        return new Write(key, Optional.empty());
    }

    protected Term win() {
        return win(store);
    }

    protected static Term win(Store store) {
        return Ballot.of(store).won();
    }

    private List<String> loadedKeys() {
        return store.load().entries().stream().map(Stored::key).toList();
    }

    @Test
    void beginsEmpty() {
        assertThat(store.load().entries()).isEmpty();
        assertThat(store.load().revision()).isNotNegative();
    }

    @Test
    void loadsWhatWasCommittedInKeyOrderWithTheRevisionThatWroteIt() {
        Term term = win();
        long first = store.commit(term, List.of(put("b/2", "x"), put("b/1", "y")));
        long second = store.commit(term, List.of(put("a/1", "z"), put("b/2", "w")));

        Store.Loaded loaded = store.load();

        assertThat(loaded.revision()).isGreaterThanOrEqualTo(second);
        assertThat(loaded.entries())
                .containsExactly(
                        new Stored("a/1", ByteString.copyFromUtf8("z"), second),
                        new Stored("b/1", ByteString.copyFromUtf8("y"), first),
                        new Stored("b/2", ByteString.copyFromUtf8("w"), second));
    }

    @Test
    void keepsEmptyValuesAndAnyBytes() {
        byte[] bytes = new byte[256];
        IntStream.range(0, 256).forEach(i -> bytes[i] = (byte) i);
        store.commit(
                win(),
                List.of(
                        put("a/empty", ""),
                        new Write("a/bytes", Optional.of(ByteString.copyFrom(bytes)))));

        assertThat(store.load().entries())
                .extracting(Stored::value)
                .containsExactly(ByteString.copyFrom(bytes), ByteString.EMPTY);
    }

    @Test
    void revisionsGrow() {
        Term term = win();
        long last = store.load().revision();
        for (int i = 0; i < 20; i++) {
            long next = store.commit(term, List.of(put("a/" + i % 3, "v" + i)));
            assertThat(next).isGreaterThan(last);
            last = next;
        }
    }

    @Test
    void deletes() {
        Term term = win();
        store.commit(term, List.of(put("a/1", "x"), put("a/2", "x")));
        store.commit(term, List.of(delete("a/1")));
        assertThat(loadedKeys()).containsExactly("a/2");
    }

    @Test
    void deletingWhatIsNotThereIsACommitThatChangesNothing() {
        Recorder recorder = new Recorder();
        try (var _ = store.changes(store.load().revision(), recorder)) {
            Term term = win();
            long first = store.commit(term, List.of(delete("a/1")));
            long second = store.commit(term, List.of(delete("a/1")));
            assertThat(second).isGreaterThan(first);
            await().untilAsserted(() -> assertThat(recorder.lastRevision()).isEqualTo(second));
            assertThat(recorder.changes()).allMatch(change -> change.writes().isEmpty());
        }
    }

    @Test
    void tellsChangesInOrderEachWholeAndOnce() {
        Term term = win();
        store.commit(term, List.of(put("a/old", "x")));
        long after = store.load().revision();
        Recorder early = new Recorder();
        try (var _ = store.changes(after, early)) {
            List<Change> expected = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                List<Write> writes =
                        IntStream.rangeClosed(0, i)
                                .mapToObj(k -> put("a/" + k, "x".repeat(k)))
                                .toList();
                expected.add(new Change(store.commit(term, writes), writes));
            }
            List<Write> gone = List.of(delete("a/0"), delete("a/old"), put("a/new", "x"));
            expected.add(new Change(store.commit(term, gone), gone));

            await().untilAsserted(() -> early.assertSame(expected));
            Recorder late = new Recorder();
            long from = expected.get(20).revision();
            try (var _ = store.changes(from, late)) {
                await().untilAsserted(() -> late.assertSame(expected.subList(21, 51)));
            }
        }
    }

    @Test
    void loadAndChangesMeetWithoutGap() {
        Term term = win();
        store.commit(term, List.of(put("a/1", "x")));
        Store.Loaded loaded = store.load();
        long next = store.commit(term, List.of(put("a/2", "x")));
        Recorder recorder = new Recorder();
        try (var _ = store.changes(loaded.revision(), recorder)) {
            await().untilAsserted(
                            () ->
                                    recorder.assertSame(
                                            List.of(new Change(next, List.of(put("a/2", "x"))))));
        }
    }

    @Test
    void tellsNothingAfterASubscriptionIsClosed() {
        Term term = win();
        Recorder closed = new Recorder();
        Recorder open = new Recorder();
        long after = store.load().revision();
        store.changes(after, closed).close();
        try (var _ = store.changes(after, open)) {
            long revision = store.commit(term, List.of(put("a/1", "x")));
            await().untilAsserted(() -> assertThat(open.lastRevision()).isEqualTo(revision));
            assertThat(closed.changes()).isEmpty();
        }
    }

    @Test
    void aSlowListenerHoldsNobodyUp() {
        Term term = win();
        CountDownLatch release = new CountDownLatch(1);
        Recorder slow = new Recorder(release);
        Recorder quick = new Recorder();
        long after = store.load().revision();
        try (var _ = store.changes(after, slow);
                var _ = store.changes(after, quick)) {
            long last = 0;
            for (int i = 0; i < 100; i++) {
                last = store.commit(term, List.of(put("a/1", "v" + i)));
            }
            long end = last;
            await().untilAsserted(() -> assertThat(quick.lastRevision()).isEqualTo(end));
            assertThat(slow.changes()).isEmpty();
            release.countDown();
            await().untilAsserted(() -> assertThat(slow.lastRevision()).isEqualTo(end));
            assertThat(slow.changes()).hasSize(100);
        }
    }

    @Test
    void electsOneAtATime() {
        Ballot first = Ballot.of(store);
        Term old = first.won();
        Ballot second = Ballot.of(store);
        store.commit(old, List.of(put("a/1", "x")));
        assertThat(second.hasWon()).isFalse();
        first.withdraw();
        Term next = second.won();
        assertThat(next.held()).isTrue();
        assertThat(old.held()).isFalse();
    }

    @Test
    void anEndedTermIsFenced() {
        Ballot first = Ballot.of(store);
        Term old = first.won();
        store.commit(old, List.of(put("a/1", "old")));
        old.close();
        Term next = win();
        store.commit(next, List.of(put("a/1", "new")));

        assertFenced(() -> store.commit(old, List.of(put("a/1", "stale"), put("a/2", "x"))));

        assertThat(store.load().entries())
                .extracting(e -> e.key() + "=" + e.value().toStringUtf8())
                .containsExactly("a/1=new");
    }

    protected static void assertFenced(Runnable commit) {
        assertThatThrownBy(commit::run)
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.FENCED));
    }

    @Test
    void tellsOnceWhenATermEnds() {
        Term term = win();
        List<String> calls = new CopyOnWriteArrayList<>();
        term.onEnd(() -> calls.add("before"));
        assertThat(calls).isEmpty();
        term.close();
        term.close();
        await().until(() -> calls.contains("before"));
        term.onEnd(() -> calls.add("after"));
        await().untilAsserted(() -> assertThat(calls).containsExactly("before", "after"));
        assertThat(term.held()).isFalse();
    }

    @Test
    void aWithdrawnCandidateDoesNotWin() {
        Term held = win();
        Ballot withdrawn = Ballot.of(store);
        withdrawn.withdraw();
        held.close();
        win();
        assertThat(withdrawn.hasWon()).isFalse();
    }

    @Test
    void takesAsMuchAsItPromises() {
        Term term = win();
        List<Write> many =
                IntStream.range(0, Store.MAX_WRITES)
                        .mapToObj(i -> put("a/" + i, "x".repeat(1024)))
                        .toList();
        store.commit(term, many);
        store.commit(term, List.of(put("b/big", "x".repeat(Store.MAX_VALUE_BYTES))));
        store.commit(term, List.of(put("c/" + "k".repeat(255), "Az09._:-")));
        store.commit(term, List.of(put("c_d/Az09._:-/x", "x")));
        assertThat(loadedKeys()).hasSize(Store.MAX_WRITES + 3);
    }

    @Test
    void refusesWhatIsTooMuch() {
        Term term = win();
        assertRefused(term, List.of());
        assertRefused(
                term,
                IntStream.rangeClosed(0, Store.MAX_WRITES)
                        .mapToObj(i -> put("a/" + i, "x"))
                        .toList());
        assertRefused(term, List.of(put("a/1", "x".repeat(Store.MAX_VALUE_BYTES + 1))));
        String half = "x".repeat(Store.MAX_COMMIT_BYTES / 2);
        assertRefused(term, List.of(put("a/1", half), put("a/2", half)));
        assertRefused(term, List.of(put("a/1", "x"), delete("a/1")));
        for (String key : List.of("", "a", "a/", "/a", "A/1", "a/ ", "a/" + "k".repeat(256))) {
            assertRefused(term, List.of(put(key, "x")));
        }
        assertThat(loadedKeys()).isEmpty();
    }

    private void assertRefused(Term term, List<Write> writes) {
        assertThatThrownBy(() -> store.commit(term, writes))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keepsEverythingWhenReopened() throws Exception {
        long revision = store.commit(win(), List.of(put("a/1", "x")));
        store.close();
        store = open();
        assertThat(loadedKeys()).containsExactly("a/1");
        assertThat(store.load().revision()).isGreaterThanOrEqualTo(revision);
        assertThat(store.commit(win(), List.of(put("a/2", "x")))).isGreaterThan(revision);
    }

    @Test
    void aClosedStoreEndsItsTermAndTakesNothing() {
        Term term = win();
        store.close();
        await().until(() -> !term.held());
        assertThatThrownBy(() -> store.commit(term, List.of(put("a/1", "x"))))
                .isInstanceOf(StoreException.class);
        assertThatThrownBy(() -> store.load()).isInstanceOf(StoreException.class);
    }
}
