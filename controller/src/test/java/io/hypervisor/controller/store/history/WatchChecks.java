package io.hypervisor.controller.store.history;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.history.History.Commit;
import io.hypervisor.controller.store.history.History.Delivery;
import io.hypervisor.controller.store.history.History.Watched;

import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What a subscription promises. */
final class WatchChecks {
    private WatchChecks() {}

    static void ordered(History history, Consumer<String> violation) {
        for (Watched watched : history.watched()) {
            long last = watched.after();
            for (Delivery delivery : watched.deliveries()) {
                if (delivery.change().revision() < last) {
                    violation.accept(delivery.change().revision() + " after " + last);
                }
                last = delivery.change().revision();
            }
        }
    }

    static void unique(History history, Consumer<String> violation) {
        for (Watched watched : history.watched()) {
            Set<Long> seen = new HashSet<>(Set.of(watched.after()));
            for (Delivery delivery : watched.deliveries()) {
                if (!seen.add(delivery.change().revision())) {
                    violation.accept(delivery.change().revision() + " again");
                }
            }
        }
    }

    /** Each revision is told with all of its writes at once. */
    static void atomic(History history, Consumer<String> violation) {
        for (Watched watched : history.watched()) {
            for (Delivery delivery : watched.deliveries()) {
                Store.Change told = delivery.change();
                Optional<Store.Change> real =
                        Optional.ofNullable(history.truth().get(told.revision()));
                if (real.isPresent() && !same(told.writes(), real.get().writes())) {
                    violation.accept(told + " instead of " + real.get());
                }
            }
        }
    }

    private static boolean same(List<Store.Write> one, List<Store.Write> other) {
        // Nearly always in the same order.
        return one.equals(other)
                || (one.size() == other.size() && Set.copyOf(one).equals(Set.copyOf(other)));
    }

    /** No revision is left out between two that are told, nor at the end. */
    static void reliable(History history, Consumer<String> violation) {
        for (Watched watched : history.watched()) {
            if (watched.deliveries().isEmpty()) {
                continue;
            }
            long first = watched.deliveries().getFirst().change().revision();
            gap(history, first, watched.deliveries(), violation);
        }
        for (Watched watched : history.watched()) {
            Optional<Long> missing = Optional.ofNullable(after(history, watched.position()));
            if (watched.complete() && watched.lostAt().isEmpty() && missing.isPresent()) {
                violation.accept("ended at " + watched.position() + " before " + missing.get());
            }
        }
    }

    private static void gap(
            History history, long first, List<Delivery> told, Consumer<String> violation) {
        Iterator<Long> real = history.truth().tailMap(first, true).keySet().iterator();
        for (Delivery delivery : told) {
            long revision = delivery.change().revision();
            Long expected = real.hasNext() ? real.next() : null;
            if (expected == null || expected != revision) {
                violation.accept(revision + " told instead of " + expected);
                return;
            }
        }
    }

    private static Long after(History history, long revision) {
        return history.truth().higherKey(revision);
    }

    /** The first revision told is the next one after that which was asked for. */
    static void resumable(History history, Consumer<String> violation) {
        for (Watched watched : history.watched()) {
            if (!watched.deliveries().isEmpty()) {
                Long expected = after(history, watched.after());
                long first = watched.deliveries().getFirst().change().revision();
                if (expected == null || expected != first) {
                    violation.accept(
                            "after %d came %d instead of %d"
                                    .formatted(watched.after(), first, expected));
                }
            }
        }
    }

    /** What is told has happened by then. */
    static void future(History history, Consumer<String> violation) {
        TreeMap<Long, Commit> commits = new TreeMap<>();
        history.truth()
                .values()
                .forEach(
                        change ->
                                history.author(change)
                                        .ifPresent(one -> commits.put(change.revision(), one)));
        for (Watched watched : history.watched()) {
            for (Delivery delivery : watched.deliveries()) {
                long revision = delivery.change().revision();
                if (!history.truth().containsKey(revision)) {
                    violation.accept(delivery.change() + " never happened");
                }
                Optional.ofNullable(commits.get(revision))
                        .filter(commit -> commit.began() > delivery.at())
                        .ifPresent(commit -> violation.accept(revision + " told before " + commit));
            }
        }
        seenByLoads(history, violation);
    }

    /** Who loads after a change was told gets a state that holds it. */
    private static void seenByLoads(History history, Consumer<String> violation) {
        TreeMap<Long, Long> told = new TreeMap<>();
        history.watched().stream()
                .flatMap(watched -> watched.deliveries().stream())
                .sorted(Comparator.comparingLong(Delivery::at))
                .forEach(
                        delivery -> {
                            long highest = told.isEmpty() ? 0 : told.lastEntry().getValue();
                            if (delivery.change().revision() > highest) {
                                told.put(delivery.at(), delivery.change().revision());
                            }
                        });
        history.loads()
                .forEach(
                        load ->
                                Optional.ofNullable(told.lowerEntry(load.began()))
                                        .map(Map.Entry::getValue)
                                        .filter(known -> known > load.loaded().revision())
                                        .ifPresent(
                                                known ->
                                                        violation.accept(
                                                                known
                                                                        + " told before a load at "
                                                                        + load.loaded()
                                                                                .revision())));
    }

    /** Continuity is lost only where history was dropped, and nothing is told after it. */
    static void lost(History history, Consumer<String> violation) {
        for (Watched watched : history.watched()) {
            watched.lostAt()
                    .filter(at -> !forgotten(history, watched.position(), at))
                    .ifPresent(at -> violation.accept("after " + watched.position()));
            watched.lostAt()
                    .filter(at -> watched.deliveries().stream().anyMatch(one -> one.at() > at))
                    .ifPresent(at -> violation.accept("told more after it was lost"));
        }
    }

    private static boolean forgotten(History history, long position, long at) {
        return history.forgotten().stream()
                .anyMatch(one -> one.at() < at && one.revision() > position);
    }
}
