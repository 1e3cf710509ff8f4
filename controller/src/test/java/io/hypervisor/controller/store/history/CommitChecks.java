package io.hypervisor.controller.store.history;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.history.History.Commit;
import io.hypervisor.controller.store.history.History.Load;
import io.hypervisor.controller.store.history.History.Reign;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Commits and loads are linearizable, and fenced. As every commit has a revision of its own, the
 * only possible order is known, and one pass along it tells.
 */
final class CommitChecks {
    // Enough to span a run on a seldom written key; the search is quick as long as few calls
    // overlap.
    private static final int SEARCHED_OPERATIONS = 300;
    private static final int SEARCHED_KEYS = 5;

    private CommitChecks() {}

    static void acknowledged(History history, Consumer<String> violation) {
        for (Commit commit : history.commits()) {
            commit.revision()
                    .filter(revision -> !isAt(history, revision, commit))
                    .ifPresent(revision -> violation.accept("not at " + revision + ": " + commit));
        }
    }

    private static boolean isAt(History history, long revision, Commit commit) {
        return Optional.ofNullable(history.truth().get(revision))
                .flatMap(history::author)
                .filter(commit::equals)
                .isPresent();
    }

    static void refused(History history, Consumer<String> violation) {
        history.truth().values().stream()
                .filter(change -> history.author(change).filter(Commit::refused).isPresent())
                .forEach(change -> violation.accept("at " + change.revision() + ": " + change));
    }

    static void ambiguous(History history, Consumer<String> violation) {
        Set<Commit> seen = new HashSet<>();
        for (Store.Change change : history.truth().values()) {
            history.author(change)
                    .filter(author -> !seen.add(author))
                    .ifPresent(author -> violation.accept("again at " + change.revision()));
        }
    }

    /** Each revision has the effect of one commit, all of it and nothing else. */
    static void whole(History history, Consumer<String> violation) {
        Replay replay = new Replay(history);
        for (Store.Change change : history.truth().values()) {
            replay.at(change.revision() - 1);
            Set<Store.Write> expected =
                    history.author(change)
                            .map(author -> replay.effective(author.writes()))
                            .orElse(Set.of());
            if (change.writes().size() != expected.size()
                    || !expected.equals(Set.copyOf(change.writes()))) {
                violation.accept(change + " instead of " + expected);
            }
        }
    }

    /** A call at a revision: it has to begin before every later one in revision order ends. */
    private record Placed(long revision, boolean load, long began, long ended) {}

    static void realTime(History history, Consumer<String> violation) {
        List<Placed> order = new ArrayList<>();
        for (Store.Change change : history.truth().values()) {
            history.author(change)
                    .map(one -> new Placed(change.revision(), false, one.began(), one.ended()))
                    .ifPresent(order::add);
        }
        for (Load load : history.loads()) {
            order.add(new Placed(load.loaded().revision(), true, load.began(), load.ended()));
        }
        order.sort(
                Comparator.comparingLong(Placed::revision)
                        .thenComparing(Placed::load)
                        .thenComparingLong(Placed::began));
        Placed latest = new Placed(0, true, Long.MIN_VALUE, 0);
        for (Placed one : order) {
            if (latest.began() > one.ended()) {
                violation.accept(one + " was over before " + latest + " began");
            }
            latest = one.began() > latest.began() ? one : latest;
        }
    }

    static void loads(History history, Consumer<String> violation) {
        Replay replay = new Replay(history);
        history.loads().stream()
                .sorted(Comparator.comparingLong(load -> load.loaded().revision()))
                .forEach(
                        load -> {
                            List<Store.Stored> expected =
                                    List.copyOf(replay.at(load.loaded().revision()));
                            if (!load.loaded().entries().equals(expected)) {
                                violation.accept(
                                        "at %d: %s instead of %s"
                                                .formatted(
                                                        load.loaded().revision(),
                                                        load.loaded().entries(),
                                                        expected));
                            }
                        });
    }

    /** A second opinion, which knows nothing of revisions, on the least written keys. */
    static void search(History history, Consumer<String> violation) {
        Map<String, Integer> writes = new HashMap<>();
        history.commits().stream()
                .filter(commit -> !commit.refused())
                .flatMap(commit -> commit.writes().stream())
                .forEach(write -> writes.merge(write.key(), 1, Integer::sum));
        writes.entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .limit(SEARCHED_KEYS)
                .map(Map.Entry::getKey)
                .filter(key -> !LinearSearch.of(history, key, SEARCHED_OPERATIONS).possible())
                .forEach(key -> violation.accept(key + " has no possible order"));
    }

    /** Once another term has written, a term never writes again. */
    static void contiguous(History history, Consumer<String> violation) {
        Set<String> over = new HashSet<>();
        String present = "";
        for (Store.Change change : history.truth().values()) {
            Optional<Commit> author = history.author(change);
            if (author.isPresent() && !author.get().term().equals(present)) {
                over.add(present);
                present = author.get().term();
                if (over.contains(present)) {
                    violation.accept(present + " wrote again at " + change.revision());
                }
            }
        }
    }

    static void reigns(History history, Consumer<String> violation) {
        Map<String, Reign> reigns = new HashMap<>();
        history.reigns().forEach(reign -> reigns.put(reign.term(), reign));
        Stream<Store.Change> written =
                reigns.isEmpty() ? Stream.empty() : history.truth().values().stream();
        written.forEach(
                change ->
                        history.author(change)
                                .map(author -> Optional.ofNullable(reigns.get(author.term())))
                                .filter(reign -> !holds(reign, change.revision()))
                                .ifPresent(
                                        reign ->
                                                violation.accept(
                                                        change.revision() + " outside " + reign)));
    }

    private static boolean holds(Optional<Reign> reign, long revision) {
        return reign.filter(one -> one.from() < revision && revision < one.to()).isPresent();
    }
}
