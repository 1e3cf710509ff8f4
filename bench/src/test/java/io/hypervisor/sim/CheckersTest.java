package io.hypervisor.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.FieldMask;

import io.hypervisor.agent.journal.Intent;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.state.Views;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Every checker accepts a good history, and refuses each kind of bad one. */
class CheckersTest {
    private final HandMade cluster = new HandMade().withNodes();
    private final Judges judges = new Judges(cluster);

    @BeforeEach
    void attempts() {
        for (String id : List.of("i", "j")) {
            judges.ledger().asks(id, HandMade.request(id));
        }
    }

    private void accepted() {
        judges.step();
    }

    private void refused(String checker, String because) {
        refused(checker, because, judges::step);
    }

    static void refused(String checker, String because, Runnable what) {
        Violation violation = catchThrowableOfType(Violation.class, what::run);
        assertThat(violation).as("nobody objects").isNotNull();
        assertThat(violation.checker()).as(violation.getMessage()).isEqualTo(checker);
        assertThat(violation).hasMessageContaining(because);
    }

    private Instance view(String id) {
        judges.catchUp();
        return Views.instance(judges.now(), id).orElseThrow();
    }

    // ---- acknowledged

    @Test
    void aLifeFromCreationToDeletionIsAccepted() {
        cluster.create("i", "a");
        judges.acknowledged().created("i", view("i"));
        judges.acknowledged().changed(view("i"), RunIntent.RUN_INTENT_RUNNING);
        judges.ledger().deletes("i", false);
        cluster.put(
                Table.INSTANCE, "i", HandMade.instance("i").toBuilder().setDeleting(true).build());
        cluster.forget("i");
        accepted();
    }

    @Test
    void acknowledgedBeforeTheStoreHasIt() {
        cluster.create("i", "a");
        Instance told = view("i").toBuilder().setRevision(cluster.revision() + 1).build();
        refused("acknowledged", "store is at", () -> judges.acknowledged().created("i", told));
    }

    @Test
    void acknowledgedAndNeverStored() {
        cluster.create("i", "a");
        Instance told = view("i").toBuilder().setId("j").build();
        refused("acknowledged", "no such", () -> judges.acknowledged().created("j", told));
    }

    @Test
    void deletedWithoutBeingAsked() {
        cluster.create("i", "a");
        cluster.forget("i");
        refused("acknowledged", "nobody asked for");
    }

    @Test
    void createdAlthoughRefused() {
        judges.ledger().refused("i");
        cluster.create("i", "a");
        refused("acknowledged", "was refused");
    }

    @Test
    void twoInstancesForOneAttempt() {
        cluster.create("i", "a");
        judges.acknowledged().created("i", view("i"));
        cluster.commit(
                Edit.put(
                        Table.INSTANCE,
                        "j",
                        HandMade.instance("i").toBuilder().setId("j").setName("other").build()),
                Edit.put(Table.PLACEMENT, "j", HandMade.placement("j", "a", 1)));
        judges.ledger().asks("i", HandMade.request("i").toBuilder().setName("other").build());
        Instance second = view("j");
        refused("acknowledged", "made i and j", () -> judges.acknowledged().created("i", second));
    }

    @Test
    void stoppedButStillToRun() {
        cluster.create("i", "a");
        Instance told = view("i");
        refused(
                "acknowledged",
                "RUNNING was answered",
                () -> judges.acknowledged().changed(told, RunIntent.RUN_INTENT_STOPPED));
    }

    @Test
    void ownWriteNotRead() {
        cluster.create("i", "a");
        judges.acknowledged().created("i", view("i"));
        refused(
                "acknowledged",
                "not found",
                () -> judges.acknowledged().read("i", 1, Optional.empty()));
    }

    @Test
    void listLeavesOneOut() {
        cluster.create("i", "a");
        cluster.create("j", "a");
        Instance only = view("j");
        long now = cluster.revision();
        refused(
                "acknowledged",
                "is not listed",
                () -> judges.acknowledged().listed(List.of(only), now, now));
        refused(
                "acknowledged",
                "twice",
                () -> judges.acknowledged().listed(List.of(only, only), now, now));
    }

    // ---- one copy

    @Test
    void twoCopiesRun() {
        cluster.create("i", "a");
        cluster.node(0).runs("i", 1);
        accepted();
        cluster.node(1).runs("i", 1);
        refused("one-copy", "and on");
    }

    @Test
    void aCopyWithoutPowerDoesNotRun() {
        cluster.create("i", "a");
        cluster.node(0).runs("i", 1);
        cluster.node(1).runs("i", 1);
        cluster.node(1).powered = false;
        accepted();
    }

    @Test
    void anEpochThatWasNeverPlacedRuns() {
        cluster.create("i", "a");
        cluster.node(0).runs("i", 2);
        refused("one-copy", "at most epoch 1");
    }

    @Test
    void takenOffANodeThatRunsIt() {
        cluster.create("i", "a");
        cluster.node(0).runs("i", 1);
        cluster.unreachable("a");
        cluster.put(Table.PLACEMENT, "i", HandMade.placement("i", "", 1));
        refused("one-copy", "takes instance i epoch 1 off node a");
    }

    @Test
    void forgottenWithoutConfirmation() {
        cluster.create("i", "a");
        cluster.node(0).runs("i", 1);
        judges.ledger().deletes("i", false);
        cluster.forget("i");
        refused("one-copy", "takes instance i");
    }

    @Test
    void forgottenByForceWhileOutOfTouchIsAllowed() {
        cluster.create("i", "a");
        cluster.node(0).runs("i", 1);
        cluster.unreachable("a");
        judges.ledger().deletes("i", true);
        cluster.forget("i");
        accepted();
    }

    // ---- updates

    private static UpdateInstanceRequest twoCores(String id) {
        return UpdateInstanceRequest.newBuilder()
                .setInstanceId(id)
                .setSpec(HandMade.SPEC.toBuilder().setCpuCores(2))
                .setUpdateMask(FieldMask.newBuilder().addPaths("spec.cpu_cores"))
                .build();
    }

    private static InstanceRecord written(UpdateInstanceRequest request, long generation) {
        return HandMade.instance(request.getInstanceId()).toBuilder()
                .setSpec(request.getSpec())
                .setSpecGeneration(generation)
                .build();
    }

    /** One that waits for room, so that it reserves nothing. */
    private Instance updated(UpdateInstanceRequest request) {
        cluster.create("i", "");
        judges.updates().asks(request);
        cluster.put(Table.INSTANCE, "i", written(request, 2));
        return view("i");
    }

    @Test
    void anUpdateAsAskedIsAccepted() {
        judges.updates().told(twoCores("i"), updated(twoCores("i")));
        accepted();
    }

    @Test
    void anUpdateThatNobodyAskedFor() {
        cluster.create("i", "");
        cluster.put(Table.INSTANCE, "i", written(twoCores("i"), 2));
        refused("updates", "nobody asked for");
    }

    @Test
    void anUpdateThatCountsAsNone() {
        judges.updates().asks(twoCores("i"));
        cluster.create("i", "");
        cluster.put(Table.INSTANCE, "i", written(twoCores("i"), 0));
        refused("updates", "as generation 0, after 0");
    }

    @Test
    void anUpdateOfMoreThanWasAskedFor() {
        judges.updates().asks(twoCores("i"));
        cluster.create("i", "");
        InstanceRecord.Builder more = written(twoCores("i"), 2).toBuilder();
        more.getSpecBuilder().setImage("other");
        cluster.put(Table.INSTANCE, "i", more.build());
        refused("updates", "other");
    }

    @Test
    void anUpdateAcknowledgedAndNotWritten() {
        cluster.create("i", "");
        refused(
                "updates",
                "answered with 1",
                () -> judges.updates().told(twoCores("i"), view("i")));
    }

    @Test
    void anAcknowledgedUpdateIsLost() {
        judges.updates().told(twoCores("i"), updated(twoCores("i")));
        cluster.put(Table.INSTANCE, "i", HandMade.instance("i"));
        refused("updates", "acknowledged: 2");
    }

    // ---- reservations

    @Test
    void nothingReserved() {
        cluster.commit(
                Edit.put(Table.INSTANCE, "i", HandMade.instance("i")),
                Edit.put(
                        Table.PLACEMENT,
                        "i",
                        HandMade.placement("i", "a", 1).toBuilder().clearReservation().build()));
        refused("reservations", "reserves");
    }

    @Test
    void moreNeededThanReserved() {
        cluster.create("i", "a");
        judges.updates().asks(twoCores("i"));
        cluster.put(Table.INSTANCE, "i", written(twoCores("i"), 2));
        refused("reservations", "reserves");
    }

    @Test
    void goneAndStillReserved() {
        cluster.create("i", "a");
        judges.ledger().deletes("i", false);
        cluster.commit(Edit.delete(Table.INSTANCE, "i"));
        refused("reservations", "keeps its reservation");
    }

    @Test
    void moreThanFits() {
        cluster.put(
                Table.NODE,
                "a",
                HandMade.record("a").toBuilder()
                        .setCapacity(Resources.newBuilder().setCpuCores(1).setMemoryBytes(1L << 30))
                        .build());
        cluster.create("i", "a");
        refused("reservations", "fills node a");
    }

    @Test
    void oneNameTwice() {
        cluster.create("i", "a");
        cluster.commit(
                Edit.put(
                        Table.INSTANCE,
                        "j",
                        HandMade.instance("j").toBuilder().setName("name-i").build()),
                Edit.put(Table.PLACEMENT, "j", HandMade.placement("j", "a", 1)));
        judges.ledger().asks("j", HandMade.request("i"));
        refused("reservations", "belongs to both");
    }

    // ---- growth

    @Test
    void aFormerLeaderWrites() {
        accepted();
        cluster.term = 0;
        cluster.create("i", "a");
        refused("growth", "in term 0");
    }

    @Test
    void movedWithoutANewEpoch() {
        cluster.create("i", "a");
        cluster.put(Table.PLACEMENT, "i", HandMade.placement("i", "b", 1));
        refused("growth", "gets epoch 1");
    }

    @Test
    void anIntentGoesBack() {
        cluster.create("i", "a");
        cluster.put(
                Table.INSTANCE,
                "i",
                HandMade.instance("i").toBuilder().setRunGeneration(0).build());
        refused("growth", "goes back");
    }

    @Test
    void aJournalGoesBack() {
        cluster.node(0).intent = Optional.of(intent(3, Map.of()));
        accepted();
        cluster.node(0).intent = Optional.of(intent(2, Map.of()));
        refused("growth", "the journal goes back");
    }

    private static Intent intent(long revision, Map<String, Assignment> assignments) {
        return new Intent(
                "c",
                1,
                revision,
                "t",
                false,
                new TreeMap<>(assignments),
                new TreeMap<>(),
                new TreeMap<>());
    }

    // ---- derived

    @Test
    void aSnapshotThatMissedAChange() {
        cluster.create("i", "a");
        Snapshot before = at();
        cluster.create("j", "a");
        Snapshot now = at();
        Snapshot skipped = before.with(now.revision(), List.of());
        Derived.requireSame("somebody", now, now);
        refused("derived", "somebody: ", () -> Derived.requireSame("somebody", skipped, now));
    }

    @Test
    void aJournalThatIsNotTheDocument() {
        long revision = cluster.create("i", "a");
        cluster.node(0).intent = Optional.of(intent(revision, Map.of()));
        refused("derived", "journal of a");
    }

    @Test
    void aJournalOfANodeWithoutInstances() {
        long revision = cluster.create("i", "b");
        cluster.node(0).intent = Optional.of(intent(revision, Map.of()));
        accepted();
    }

    // ---- watch

    private final Reading reading =
            judges.reading("w", Changes.Kind.INSTANCES, Watching.having(Map.of()));

    /** A new instance, which the watch tells. */
    private void told(String id) {
        cluster.create(id, "a");
        tells(EventType.EVENT_TYPE_ADDED, at(), id);
    }

    /** Two instances that the watch has told, and a commit that changes both. */
    private Snapshot bothChanged() {
        reading.opened(true);
        told("i");
        told("j");
        cluster.unreachable("a");
        return at();
    }

    private Snapshot at() {
        judges.catchUp();
        return judges.now();
    }

    private void tells(EventType type, Snapshot now, String id) {
        reading.event(type, id, Views.instance(now, id).orElseThrow(), now.revision());
    }

    @Test
    void aWatchThatTellsEverythingIsAccepted() {
        Snapshot lost = bothChanged();
        tells(EventType.EVENT_TYPE_MODIFIED, lost, "i");
        tells(EventType.EVENT_TYPE_MODIFIED, lost, "j");
        reading.bookmark(lost.revision());
        assertThat(reading.behind(lost.revision())).isFalse();
        reading.opened(false);
        reading.bookmark(lost.revision());
    }

    @Test
    void aWatchLeavesAChangeOut() {
        reading.opened(true);
        reading.bookmark(at().revision());
        cluster.create("i", "a");
        at();
        refused("watch", "i at revision", () -> told("j"));
    }

    @Test
    void aWatchRepeatsAChange() {
        reading.opened(true);
        told("i");
        refused("watch", "", () -> tells(EventType.EVENT_TYPE_ADDED, at(), "i"));
    }

    @Test
    void aResumedWatchRepeatsAChange() {
        reading.opened(true);
        told("i");
        reading.opened(false);
        refused("watch", "comes after", () -> tells(EventType.EVENT_TYPE_ADDED, at(), "i"));
    }

    @Test
    void aWatchSplitsARevision() {
        Snapshot lost = bothChanged();
        tells(EventType.EVENT_TYPE_MODIFIED, lost, "i");
        refused("watch", "before", () -> reading.bookmark(lost.revision()));
        judges.ledger().deletes("j", true);
        cluster.forget("j");
        at();
        refused(
                "watch",
                "lacks",
                () ->
                        reading.event(
                                EventType.EVENT_TYPE_DELETED,
                                "j",
                                Views.instance(lost, "j").orElseThrow(),
                                cluster.revision()));
    }

    @Test
    void aBookmarkThatLies() {
        reading.opened(true);
        reading.bookmark(at().revision());
        cluster.create("i", "a");
        long now = at().revision();
        refused("watch", "left out", () -> reading.bookmark(now));
        refused("watch", "not in the store", () -> reading.bookmark(now + 1));
    }
}
