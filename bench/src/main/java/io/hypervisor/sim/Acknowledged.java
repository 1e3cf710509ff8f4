package io.hypervisor.sim;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.state.Views;

import java.util.List;
import java.util.Optional;

/**
 * Nothing acknowledged is lost, nothing refused happens. What a client is told is what the store
 * holds at that revision; instances come from attempts alone, as asked for, and go only when
 * somebody has asked for it; a request_id leads to the first result.
 */
final class Acknowledged implements Checker {
    static final String NAME = "acknowledged";

    private final Truth truth;
    private final Ledger ledger;

    Acknowledged(Truth truth, Ledger ledger) {
        this.truth = truth;
        this.ledger = ledger;
    }

    @Override
    public void committed(Truth.Commit commit) {
        for (Edit edit : commit.edits()) {
            if (edit.table() != Table.INSTANCE) {
                continue;
            }
            boolean existed = commit.before().instance(edit.id()).isPresent();
            Optional<Message> value = edit.value();
            if (value.isEmpty()) {
                mayGo(edit.id(), commit.revision());
            } else if (!existed) {
                appears((InstanceRecord) value.get());
            } else if (((InstanceRecord) value.get()).getDeleting()) {
                mayGo(edit.id(), commit.revision());
            }
        }
    }

    private void mayGo(String id, long revision) {
        if (!ledger.mayVanish(id)) {
            throw new Violation(
                    NAME, "revision " + revision + " deletes " + id + ", which nobody asked for");
        }
    }

    private void appears(InstanceRecord record) {
        String attempt = record.getMetadata().getAnnotationsOrDefault(Ledger.ATTEMPT, "");
        Optional<CreateInstanceRequest> asked = ledger.asked(attempt);
        boolean same =
                asked.isPresent()
                        && asked.get().getName().equals(record.getName())
                        && asked.get().getRequestId().equals(record.getRequestId())
                        && asked.get().getSpec().getImage().equals(record.getSpec().getImage());
        if (!same || ledger.isRefused(attempt)) {
            throw new Violation(
                    NAME,
                    "instance %s (%s) appears; attempt %s was %s"
                            .formatted(
                                    record.getId(),
                                    record.getName(),
                                    attempt,
                                    ledger.isRefused(attempt) ? "refused" : asked));
        }
    }

    /** A client was told that its attempt made this instance. */
    void created(String attempt, Instance told) {
        InstanceRecord record = durable(told);
        if (!record.getMetadata().getAnnotationsOrDefault(Ledger.ATTEMPT, "").equals(attempt)) {
            throw new Violation(NAME, "attempt " + attempt + " was answered with " + record);
        }
        ledger.created(attempt, told)
                .filter(first -> !ledger.mayVanish(first))
                .ifPresent(
                        first -> {
                            throw new Violation(
                                    NAME,
                                    "attempt %s made %s and %s"
                                            .formatted(attempt, first, told.getId()));
                        });
    }

    /** A client was told that this is what it asked to run, or to stop. */
    void changed(Instance told, RunIntent asked) {
        InstanceRecord record = durable(told);
        // Another client's request in the same commit may have the last word.
        boolean other = ledger.wished(told.getId(), told.getRunIntent());
        boolean meant = told.getRunIntent() == asked || other;
        if (!meant || told.getRunIntent() != record.getRunIntent()) {
            throw new Violation(
                    NAME, "%s was answered to %s".formatted(record.getRunIntent(), asked));
        }
        ledger.acknowledged(told);
    }

    /** A client was told that this is what its update made. */
    void updated(Instance told) {
        var _ = durable(told);
        ledger.acknowledged(told);
    }

    private InstanceRecord durable(Instance told) {
        Snapshot then = truth.at(told.getRevision());
        if (truth.now().revision() < told.getRevision()) {
            throw new Violation(
                    NAME,
                    "revision %d of %s was acknowledged; the store is at %d"
                            .formatted(told.getRevision(), told.getId(), truth.now().revision()));
        }
        Optional<InstanceRecord> record = then.instance(told.getId()).map(Entry::value);
        boolean shown =
                Views.instance(then, told.getId())
                        .filter(view -> view.getRevision() == told.getRevision())
                        .filter(view -> view.getEpoch() == told.getEpoch())
                        .filter(view -> view.getNodeId().equals(told.getNodeId()))
                        .isPresent();
        if (record.isEmpty() || !shown) {
            throw new Violation(
                    NAME, "acknowledged, but at that revision the store has no such: " + told);
        }
        return record.get();
    }

    /** A client has read an instance as of a revision or later; 0 asks for nothing. */
    void read(String id, long minRevision, Optional<Instance> answer) {
        if (answer.isEmpty()) {
            if (minRevision > 0 && ledger.safe().contains(id)) {
                throw new Violation(
                        NAME, "instance " + id + " is not found, and nobody deleted it");
            }
            return;
        }
        Instance told = answer.get();
        boolean current =
                told.getRevision() >= minRevision
                        ? told.getRevision() <= truth.now().revision()
                        : shownSince(minRevision, told);
        if (!current) {
            throw new Violation(
                    NAME,
                    "instance %s was read at revision %d (expected: %d to %d)"
                            .formatted(
                                    id, told.getRevision(), minRevision, truth.now().revision()));
        }
    }

    /** Whether it was so at that revision or later: a record less can make it look older. */
    private boolean shownSince(long revision, Instance told) {
        return truth.between(revision - 1, truth.now().revision()).stream()
                .anyMatch(then -> Views.instance(then, told.getId()).equals(Optional.of(told)));
    }

    /** A client has read one page. */
    void listed(ListInstancesResponse page) {
        if (page.getRevision() > truth.now().revision()) {
            throw new Violation(NAME, "a page shows revision " + page.getRevision());
        }
        Snapshot then = truth.at(page.getRevision());
        for (Instance shown : page.getInstancesList()) {
            Optional<Instance> expected = Views.instance(then, shown.getId());
            if (!expected.equals(Optional.of(shown))) {
                throw new Violation(
                        NAME,
                        "a page of revision %d shows %s (expected: %s)"
                                .formatted(page.getRevision(), shown, expected));
            }
        }
    }

    /** A client has listed page by page, and saw these at these revisions. */
    void listed(List<Instance> all, long first, long last) {
        String before = "";
        for (Instance instance : all) {
            if (instance.getId().compareTo(before) <= 0) {
                throw new Violation(NAME, "listed twice or out of order: " + instance.getId());
            }
            before = instance.getId();
        }
        List<String> ids = all.stream().map(Instance::getId).toList();
        for (String id : truth.at(first).instances().keySet()) {
            if (truth.at(last).instance(id).isPresent() && !ids.contains(id)) {
                throw new Violation(
                        NAME,
                        "instance %s is not listed between revisions %d and %d"
                                .formatted(id, first, last));
            }
        }
    }
}
