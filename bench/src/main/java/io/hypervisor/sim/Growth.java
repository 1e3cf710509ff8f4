package io.hypervisor.sim;

import io.hypervisor.agent.journal.Intent;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Table;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What only grows: terms of the store's writers (so that nothing of a former leader lands), epochs,
 * run generations, the revision that a replica shows, and term and revision of every node's
 * journal, across crashes too.
 */
final class Growth implements Checker {
    static final String NAME = "growth";

    private record Journaled(String host, long term, long revision) {}

    private final Cluster cluster;
    private final Map<Integer, Cluster.Shown> shown = new HashMap<>();
    private final Map<Integer, Journaled> journals = new HashMap<>();
    private final Map<String, Long> epochs = new HashMap<>();
    private long term;

    Growth(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public void committed(Truth.Commit commit) {
        boolean begins = commit.edits().stream().anyMatch(e -> e.table() == Table.LEADER);
        if (commit.term() < term || (commit.term() > term && !begins)) {
            throw new Violation(
                    NAME,
                    "revision %d was written by controller %d in term %d (expected: %s)"
                            .formatted(
                                    commit.revision(),
                                    commit.writer(),
                                    commit.term(),
                                    "term " + term + ", or a new one that begins with its leader"));
        }
        term = commit.term();
        for (Edit edit : commit.edits()) {
            if (edit.table() == Table.PLACEMENT) {
                placement(commit, edit.id());
            } else if (edit.table() == Table.INSTANCE) {
                instance(commit, edit.id());
            }
        }
    }

    private void placement(Truth.Commit commit, String id) {
        Optional<PlacementRecord> next = commit.after().placement(id).map(Entry::value);
        if (next.isEmpty()) {
            return;
        }
        String before = commit.before().placement(id).map(p -> p.value().getNodeId()).orElse("");
        long last = epochs.getOrDefault(id, 0L);
        boolean moves = !next.get().getNodeId().isEmpty() && !next.get().getNodeId().equals(before);
        long expected = moves ? last + 1 : last;
        if (next.get().getEpoch() != expected) {
            throw new Violation(
                    NAME,
                    "instance %s gets epoch %d at revision %d (expected: %d)"
                            .formatted(id, next.get().getEpoch(), commit.revision(), expected));
        }
        epochs.put(id, next.get().getEpoch());
    }

    private static void instance(Truth.Commit commit, String id) {
        Optional<InstanceRecord> old = commit.before().instance(id).map(Entry::value);
        Optional<InstanceRecord> next = commit.after().instance(id).map(Entry::value);
        boolean back =
                old.isPresent()
                        && next.isPresent()
                        && (next.get().getRunGeneration() < old.get().getRunGeneration()
                                || (old.get().getDeleting() && !next.get().getDeleting()));
        if (back) {
            throw new Violation(
                    NAME, "instance " + id + " goes back at revision " + commit.revision());
        }
    }

    @Override
    public void step() {
        for (Cluster.ControllerHost controller : cluster.controllers()) {
            controller.shown().ifPresent(now -> shown(controller.index(), now));
        }
        for (Cluster.NodeHost node : cluster.nodes()) {
            node.intent().ifPresent(intent -> journaled(node, intent));
        }
    }

    private void shown(int index, Cluster.Shown now) {
        Cluster.Shown last = shown.put(index, now);
        boolean back =
                last != null
                        && last.process() == now.process()
                        && last.snapshot().revision() > now.snapshot().revision();
        if (back || now.snapshot().revision() > cluster.revision()) {
            throw new Violation(
                    NAME,
                    "controller %d shows revision %d after %s; the store is at %d"
                            .formatted(
                                    index,
                                    now.snapshot().revision(),
                                    Optional.ofNullable(last).map(l -> l.snapshot().revision()),
                                    cluster.revision()));
        }
    }

    private void journaled(Cluster.NodeHost node, Intent intent) {
        Journaled now = new Journaled(node.hostname(), intent.term(), intent.revision());
        Journaled last = journals.put(node.index(), now);
        if (last != null && (now.term() < last.term() || now.revision() < last.revision())) {
            throw new Violation(NAME, "the journal goes back: " + now + " after " + last);
        }
    }
}
