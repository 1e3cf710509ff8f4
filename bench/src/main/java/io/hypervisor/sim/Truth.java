package io.hypervisor.sim;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What the store's own history says was true at each revision. Snapshots share what did not change,
 * so all of them are kept.
 */
final class Truth {
    /** One commit, with the states around it. */
    record Commit(
            long revision,
            int writer,
            long term,
            List<Edit> edits,
            Snapshot before,
            Snapshot after) {}

    private final NavigableMap<Long, Snapshot> snapshots = new TreeMap<>();

    Truth() {
        snapshots.put(0L, Snapshot.empty());
    }

    /** Takes the next commit of the history. */
    Commit add(Cluster.Committed committed) {
        Snapshot before = now();
        if (committed.revision() <= before.revision()) {
            throw new Violation(
                    "growth",
                    "the store's revision "
                            + committed.revision()
                            + " follows "
                            + before.revision());
        }
        List<Edit> edits = new ArrayList<>();
        committed.writes().forEach(write -> edits.add(Edit.fromWrite(write)));
        Snapshot after = before.with(committed.revision(), edits);
        snapshots.put(committed.revision(), after);
        return new Commit(
                committed.revision(), committed.writer(), committed.term(), edits, before, after);
    }

    /** The newest state. */
    Snapshot now() {
        return snapshots.lastEntry().getValue();
    }

    /** The state at a revision that the store has reached. */
    Snapshot at(long revision) {
        return snapshots.floorEntry(revision).getValue();
    }

    /** The revisions after one, up to another. */
    List<Snapshot> between(long after, long upTo) {
        return after >= upTo
                ? List.of()
                : List.copyOf(snapshots.subMap(after, false, upTo, true).values());
    }
}
