package io.hypervisor.sim;

import com.google.protobuf.Message;

import io.hypervisor.controller.state.Snapshot;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** All checkers of one run over one truth. */
final class Judges {
    private static final String REPAIRED = "hypervisor.reconcile.repaired";

    private final Cluster cluster;
    private final Truth truth = new Truth();
    private final Ledger ledger = new Ledger();
    private final Changes changes = new Changes();
    private final Updates updates = new Updates();
    private final Acknowledged acknowledged;
    private final List<Checker> checkers;

    Judges(Cluster cluster) {
        this.cluster = cluster;
        this.acknowledged = new Acknowledged(truth, ledger);
        this.checkers =
                List.of(
                        changes,
                        acknowledged,
                        updates,
                        new OneCopy(cluster, ledger),
                        new Reservations(),
                        new Growth(cluster),
                        new Derived(cluster, truth));
    }

    /** Shows the checkers what the store has taken since the last call. */
    void catchUp() {
        if (cluster.revision() > truth.now().revision()) {
            for (Cluster.Committed committed : cluster.committedAfter(truth.now().revision())) {
                Truth.Commit commit = truth.add(committed);
                checkers.forEach(checker -> checker.committed(commit));
            }
        }
    }

    /** After every step of the scheduler. */
    void step() {
        catchUp();
        checkers.forEach(Checker::step);
    }

    /** What the store holds. */
    Snapshot now() {
        return truth.now();
    }

    Ledger ledger() {
        return ledger;
    }

    Acknowledged acknowledged() {
        return acknowledged;
    }

    Updates updates() {
        return updates;
    }

    Reading reading(String name, Changes.Kind kind, Predicate<Message> filter) {
        return new Reading(name, kind, filter, truth, changes);
    }

    /** What a full pass finds, nobody else has found. */
    void requireNothingRepaired() {
        for (Cluster.ControllerHost controller : cluster.controllers()) {
            if (controller.counter(REPAIRED) > 0) {
                throw new Violation(
                        Convergence.NAME,
                        "controller " + controller.index() + ": a full pass had to repair");
            }
        }
    }

    /** Why the cluster is not yet as it should be; empty when it is. */
    Optional<String> unsettled() {
        return new Convergence(cluster, truth.now()).gap();
    }
}
