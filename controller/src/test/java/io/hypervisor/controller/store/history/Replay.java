package io.hypervisor.controller.store.history;

import io.hypervisor.controller.store.Store;

import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The state, revision by revision. */
final class Replay {
    private final NavigableMap<String, Store.Stored> state = new TreeMap<>();
    private final Iterator<Store.Change> rest;
    private final Iterator<Long> revisions;
    private long next;

    Replay(History history) {
        history.start().entries().forEach(entry -> state.put(entry.key(), entry));
        this.rest = history.truth().values().iterator();
        this.revisions = history.truth().keySet().iterator();
        advance();
    }

    private void advance() {
        next = revisions.hasNext() ? revisions.next() : Long.MAX_VALUE;
    }

    /** The state at a revision, which must not be lower than the one before. */
    Collection<Store.Stored> at(long revision) {
        while (next <= revision) {
            apply(rest.next());
            advance();
        }
        return state.values();
    }

    private void apply(Store.Change change) {
        for (Store.Write write : change.writes()) {
            if (write.value().isPresent()) {
                state.put(
                        write.key(),
                        new Store.Stored(write.key(), write.value().get(), change.revision()));
            } else {
                state.remove(write.key());
            }
        }
    }

    /** What these writes change here: deleting what is not there is nothing. */
    Set<Store.Write> effective(List<Store.Write> writes) {
        return writes.stream()
                .filter(write -> write.value().isPresent() || state.containsKey(write.key()))
                .collect(Collectors.toSet());
    }
}
