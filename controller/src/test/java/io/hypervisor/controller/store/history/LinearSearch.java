package io.hypervisor.controller.store.history;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.history.History.Load;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Looks for an order of the calls on one key that explains all answers: tries each call that could
 * come next, and goes back when none fits (Wing and Gong), never twice from the same calls done
 * with the same value. A part of a linearizable history is linearizable as well, so reads may be
 * left out, and everything after some moment.
 */
record LinearSearch(Optional<ByteString> start, List<Call> calls) {
    /** A call that reads this value, or writes it. One that never ended need not have happened. */
    record Call(boolean read, Optional<ByteString> value, long began, long ended) {}

    private record State(BitSet done, Optional<ByteString> value) {
        State with(int call, Optional<ByteString> after) {
            BitSet more = (BitSet) done.clone();
            more.set(call);
            return new State(more, after);
        }
    }

    LinearSearch {
        calls = calls.stream().sorted(Comparator.comparingLong(Call::began)).toList();
    }

    /** At most so many calls on the key, about half of them reads. */
    static LinearSearch of(History history, String key, int limit) {
        List<Call> writes =
                history.commits().stream()
                        .filter(commit -> !commit.refused())
                        .flatMap(
                                commit ->
                                        commit.writes().stream()
                                                .filter(write -> write.key().equals(key))
                                                .map(
                                                        write ->
                                                                new Call(
                                                                        false,
                                                                        write.value(),
                                                                        commit.began(),
                                                                        commit.ended())))
                        .sorted(Comparator.comparingLong(Call::began))
                        .toList();
        long until = writes.size() > limit / 2 ? writes.get(limit / 2).began() : Long.MAX_VALUE;
        List<Load> loads = history.loads().stream().filter(load -> load.began() < until).toList();
        int every = 1 + loads.size() / Math.max(1, limit / 2);
        List<Call> calls = new ArrayList<>(writes.subList(0, Math.min(writes.size(), limit / 2)));
        for (int i = 0; i < loads.size(); i += every) {
            Load load = loads.get(i);
            // What ends after the cut may see more than what is left of the history.
            if (load.ended() < until) {
                calls.add(new Call(true, value(load.loaded(), key), load.began(), load.ended()));
            }
        }
        return new LinearSearch(value(history.start(), key), calls);
    }

    private static Optional<ByteString> value(Store.Loaded loaded, String key) {
        return loaded.entries().stream()
                .filter(entry -> entry.key().equals(key))
                .map(Store.Stored::value)
                .findFirst();
    }

    /** Whether there is such an order. */
    boolean possible() {
        Deque<State> open = new ArrayDeque<>(List.of(new State(new BitSet(), start)));
        Set<State> seen = new HashSet<>();
        while (!open.isEmpty()) {
            State state = open.pop();
            if (explains(state)) {
                return true;
            }
            // The earliest first: pushed last.
            steps(state)
                    .sorted(Comparator.reverseOrder())
                    .map(step -> after(state, step))
                    .filter(seen::add)
                    .forEach(open::push);
        }
        return false;
    }

    private boolean explains(State state) {
        for (int i = state.done().nextClearBit(0); i < calls.size(); ) {
            if (calls.get(i).ended() != History.NEVER) {
                return false;
            }
            i = state.done().nextClearBit(i + 1);
        }
        return true;
    }

    /** The calls that may come next: no other one that is left ended before they began. */
    private Stream<Integer> steps(State state) {
        List<Integer> steps = new ArrayList<>();
        long firstEnd = Long.MAX_VALUE;
        for (int i = state.done().nextClearBit(0);
                i < calls.size() && calls.get(i).began() < firstEnd; ) {
            Call call = calls.get(i);
            firstEnd = Math.min(firstEnd, call.ended());
            if (!call.read() || call.value().equals(state.value())) {
                steps.add(i);
            }
            i = state.done().nextClearBit(i + 1);
        }
        return steps.stream();
    }

    private State after(State state, int step) {
        Call call = calls.get(step);
        return state.with(step, call.read() ? state.value() : call.value());
    }
}
