package io.hypervisor.controller.store.history;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.Term;
import io.hypervisor.controller.store.history.History.Failed;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Threads that commit, load and watch at random over the connections there are, in the terms that
 * the candidates win; former terms are used as well.
 */
final class Workload {
    private static final int WRITERS = 8;
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final Recording recording;
    private final SplittableRandom random;
    private final Tasks tasks;
    private final long calls;
    private final List<Store> stores = new CopyOnWriteArrayList<>();
    private final List<Seat> seats = new CopyOnWriteArrayList<>();
    private final AtomicInteger candidates = new AtomicInteger();
    private final AtomicInteger writers = new AtomicInteger();
    private final List<CompletableFuture<Void>> running = new ArrayList<>();
    private volatile boolean stopped;

    /** A term that was won, by its candidate's text. */
    private record Seat(Store store, String candidate, Term term) {}

    /** A workload of so many calls. */
    Workload(Recording recording, long seed, Tasks tasks, long calls) {
        this.recording = recording;
        this.random = new SplittableRandom(seed);
        this.tasks = tasks;
        this.calls = calls;
    }

    /** Uses this connection from now on, and stands for election with it. */
    void join(Store store, int candidates) {
        stores.add(store);
        for (int i = 0; i < candidates; i++) {
            stand(store);
        }
    }

    /** Does not use this connection any more. */
    void leave(Store store) {
        stores.remove(store);
        seats.removeIf(seat -> seat.store().equals(store));
        recording.leave(store);
    }

    private void stand(Store store) {
        if (stopped || !stores.contains(store)) {
            return;
        }
        String candidate = "candidate-" + candidates.incrementAndGet();
        CompletableFuture<Store.Subscription> candidacy = new CompletableFuture<>();
        candidacy.complete(
                store.campaign(candidate, term -> won(candidacy, store, candidate, term)));
    }

    private void won(
            CompletableFuture<Store.Subscription> candidacy,
            Store store,
            String candidate,
            Term term) {
        seats.add(new Seat(store, candidate, term));
        term.onEnd(
                () -> {
                    candidacy.join().close();
                    stand(store);
                });
    }

    /** Begins; watches go from here. */
    void begin(int watchers) {
        for (int i = 0; i < WRITERS; i++) {
            run(this::write);
        }
        for (int i = 0; i < watchers; i++) {
            int index = i;
            run(operations -> watch(index, operations));
        }
    }

    private void run(Consumer<Operations> work) {
        String name = "w" + writers.incrementAndGet();
        Operations operations = new Operations(name, random.split());
        CompletableFuture<Void> done = new CompletableFuture<>();
        running.add(done);
        tasks.concurrent(name)
                .execute(
                        () -> {
                            try {
                                work.accept(operations);
                                done.complete(null);
                            } catch (RuntimeException | Error e) {
                                done.completeExceptionally(e);
                            }
                        });
    }

    /** Whether all calls have been made. */
    boolean done() {
        return recording.calls() >= calls;
    }

    /** Waits until more calls have ended, or for that long. */
    void go(long more, Duration atMost) {
        long until = recording.calls() + more;
        Soon.is(atMost, () -> recording.calls() >= until);
    }

    /** Ends all calls; subscriptions stay open. */
    void finish() {
        stopped = true;
        running.forEach(CompletableFuture::join);
    }

    private void write(Operations operations) {
        while (!stopped) {
            Optional<Seat> seat = seat(operations);
            if (seat.isEmpty() || operations.chance(0.15)) {
                store(operations).ifPresent(recording::load);
            }
            if (seat.isEmpty()) {
                Soon.is(PAUSE, () -> stopped || !seats.isEmpty());
                continue;
            }
            Seat used = seat.get();
            var outcome =
                    recording.commit(
                            used.store(), used.candidate(), used.term(), operations.commit());
            if (outcome instanceof Failed) {
                Soon.is(PAUSE, () -> stopped || newest().filter(used::equals).isEmpty());
            } else if (operations.chance(0.0003)) {
                used.term().close();
            }
        }
    }

    private Optional<Seat> newest() {
        // Another thread may take one away between two looks.
        List<Seat> now = List.copyOf(seats);
        return now.isEmpty() ? Optional.empty() : Optional.of(now.getLast());
    }

    /** Mostly the newest term, sometimes one of the last few. */
    private Optional<Seat> seat(Operations operations) {
        List<Seat> now = List.copyOf(seats);
        int back = operations.chance(0.02) ? operations.random().nextInt(4) : 0;
        int index = now.size() - 1 - back;
        return index < 0 ? Optional.empty() : Optional.of(now.get(index));
    }

    private Optional<Store> store(Operations operations) {
        List<Store> now = List.copyOf(stores);
        return now.isEmpty()
                ? Optional.empty()
                : Optional.of(now.get(operations.random().nextInt(now.size())));
    }

    /** Follows; even ones for as long as they can, odd ones begin again all the time. */
    private void watch(int index, Operations operations) {
        long after = recording.start();
        while (!stopped) {
            Optional<Store> store = store(operations);
            if (store.isEmpty()) {
                Soon.is(PAUSE, () -> stopped || !stores.isEmpty());
                continue;
            }
            var watching = recording.watch(store.get(), after);
            int until = index % 2 == 0 ? Integer.MAX_VALUE : operations.random().nextInt(1000);
            while (!stopped
                    && stores.contains(store.get())
                    && !watching.isLost()
                    && watching.count() < until) {
                Soon.is(PAUSE, () -> stopped || watching.isLost() || watching.count() >= until);
            }
            if (!stopped) {
                watching.close();
                after = next(index, watching, operations).orElse(after);
            }
        }
    }

    /** After which revision to begin again; nothing if it could not be found out. */
    private Optional<Long> next(int index, Recording.Watching last, Operations operations) {
        if (last.isLost()) {
            return store(operations).flatMap(recording::load).map(Store.Loaded::revision);
        }
        if (index % 2 == 0 || operations.chance(0.6)) {
            return Optional.of(last.position());
        }
        return Optional.of(
                operations.chance(0.02)
                        ? recording.start()
                        : Math.max(
                                recording.start(),
                                last.position() - operations.random().nextInt(2000)));
    }
}
