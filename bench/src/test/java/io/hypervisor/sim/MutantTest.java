package io.hypervisor.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The simulator finds defects: each is planted into the running production code, and the checker
 * whose business it is has to see it within a few seeds, all of which the code as it is passes.
 */
@Isolated
class MutantTest {
    private static final String CONTROLLER = "io.hypervisor.controller.";
    private static final String AGENT = "io.hypervisor.agent.";
    private static final int MOST_SEEDS = 60;
    // What is decided on a state that is not the store's may break any rule first.
    private static final String ANYBODY = "";

    /** A defect: where it is planted, what it breaks, and who must see it. */
    enum Mutant {
        FENCE_IGNORED(
                "an unreachable node counts as fenced",
                CONTROLLER + "fence.OperatorFencer",
                "judge",
                Defective.Certain.class,
                OneCopy.NAME),
        LOST_CONTACT_BELIEVED_AT_ONCE(
                "a node counts as having stopped its instances before it had the time to",
                CONTROLLER + "fence.LostContactFencer",
                "judge",
                Defective.Certain.class,
                OneCopy.NAME),
        ANSWER_BEFORE_COMMIT(
                "clients are answered before the store has it",
                CONTROLLER + "commit.Replica",
                "commit",
                Defective.AnswersFirst.class,
                Acknowledged.NAME),
        FORMER_LEADER_WRITES(
                "the store takes what an ended term writes",
                CONTROLLER + "store.Election",
                "holds",
                Defective.Yes.class,
                Growth.NAME),
        SAME_EPOCH(
                "a second placement has the epoch of the first",
                CONTROLLER + "action.PlaceUnplaced",
                "place",
                Defective.SameEpoch.class,
                Growth.NAME),
        CHANGE_NOT_SENT(
                "a node's stream overlooks a change of its document",
                CONTROLLER + "feed.NodeDocuments",
                "affected",
                Defective.Overlooks.class,
                Derived.NAME),
        DELTA_NOT_JOURNALED(
                "a node acknowledges what it has not journaled",
                AGENT + "journal.Journal",
                "append",
                Defective.Skipped.class,
                "converges"),
        JOURNAL_NOT_FORCED(
                "what is journaled is gone after a power cut",
                "io.hypervisor.sim.SimDisk$Handle",
                "force",
                Defective.Skipped.class,
                "converges"),
        REQUEST_ID_FORGOTTEN(
                "a retry makes another instance",
                CONTROLLER + "action.CreateInstance",
                "record",
                Defective.WithoutRequest.class,
                Acknowledged.NAME),
        RESERVATION_NOT_TAKEN(
                "a new instance reserves nothing",
                CONTROLLER + "action.CreateInstance",
                "place",
                Defective.WithoutReservation.class,
                Reservations.NAME),
        RESERVATION_NOT_RELEASED(
                "a deleted instance keeps its reservation",
                CONTROLLER + "action.Answers",
                "forget",
                Defective.KeepsPlacement.class,
                Reservations.NAME),
        UPDATE_RESERVES_NOTHING(
                "an update writes the spec without its reservation",
                CONTROLLER + "action.UpdateInstance",
                "decide",
                Defective.KeepsReservation.class,
                Reservations.NAME),
        UPDATE_NOT_WRITTEN(
                "an update is answered and not written",
                CONTROLLER + "action.UpdateInstance",
                "written",
                Defective.StaysAsItIs.class,
                Updates.NAME),
        UPDATE_NOT_COUNTED(
                "nobody can tell which write of a spec a node has seen to",
                CONTROLLER + "action.UpdateInstance",
                "written",
                Defective.WithoutGeneration.class,
                Updates.NAME),
        UPDATE_NOT_APPLIED(
                "a node takes every spec for one that it has seen to",
                AGENT + "reconcile.Decision",
                "isShaped",
                Defective.Yes.class,
                "converges"),
        NAME_NOT_INDEXED(
                "nobody finds an instance by its name",
                CONTROLLER + "state.Snapshot",
                "instanceByName",
                Defective.Nothing.class,
                Derived.NAME),
        BATCH_UNCHECKED(
                "requests that share a transaction do not see each other",
                CONTROLLER + "commit.Batch",
                "take",
                Defective.BlindBatch.class,
                Reservations.NAME),
        DELETE_UNCONFIRMED(
                "an instance is forgotten while its node still has it",
                CONTROLLER + "action.DeleteInstance",
                "decide",
                Defective.DeletesAtOnce.class,
                OneCopy.NAME),
        NO_RESYNC(
                "a leader goes on after a commit whose outcome it does not know",
                CONTROLLER + "commit.Replica",
                "resync",
                Defective.NoResync.class,
                ANYBODY),
        WATCH_REPEATS(
                "a resumed watch tells a change twice",
                CONTROLLER + "watch.Ring",
                "after",
                Defective.Repeats.class,
                Reading.NAME),
        WATCH_LEAVES_OUT(
                "a resumed watch leaves a change out",
                CONTROLLER + "watch.Ring",
                "after",
                Defective.LeavesOut.class,
                Reading.NAME),
        MIN_REVISION_IGNORED(
                "a replica that is behind answers at once",
                CONTROLLER + "edge.Calls",
                "at",
                Defective.ReadsAtOnce.class,
                Acknowledged.NAME),
        // Epochs are a node's second line: the first is that it holds nothing of before when READY.
        EPOCH_IGNORED(
                "a node that is READY too early takes a copy of any epoch for the one wanted",
                AGENT + "reconcile.Reconciler",
                "step",
                Defective.AnyEpoch.class,
                "converges",
                new Spot(CONTROLLER + "feed.Contacts", "settled", Defective.Yes.class)),
        FAILED_LIST_IS_EMPTY(
                "a driver that cannot list is taken for one that runs nothing",
                AGENT + "reconcile.Inventory",
                "failed",
                Defective.TakenAsEmpty.class,
                OneCopy.NAME),
        STRAYS_KEPT(
                "a node keeps what it should not have",
                AGENT + "reconcile.Contact",
                "isCurrent",
                Defective.No.class,
                "converges"),
        STOP_ON_LOST_CONTACT_OFF(
                "what is to stop on lost contact runs on",
                AGENT + "reconcile.Decision",
                "stopsOnLostContact",
                Defective.No.class,
                OneCopy.NAME);

        private final String breaks;

        // Not changed after the constructor: what List.of and Stream.toList make is immutable.
        @SuppressWarnings("ImmutableEnumChecker")
        private final List<Spot> spots;

        private final String seenBy;

        Mutant(
                String breaks,
                String type,
                String method,
                Class<?> advice,
                String seenBy,
                Spot... beside) {
            this.breaks = breaks;
            this.seenBy = seenBy;
            this.spots =
                    Stream.concat(Stream.of(new Spot(type, method, advice)), Stream.of(beside))
                            .toList();
        }

        Planting plant() {
            return new Planting(spots);
        }

        boolean isSeenIn(Outcome outcome) {
            return outcome.failure().filter(f -> f.rule().startsWith(seenBy)).isPresent();
        }
    }

    @ParameterizedTest
    @EnumSource
    void isSeen(Mutant mutant) {
        Optional<Outcome> seen = Optional.empty();
        Set<String> others = new TreeSet<>();
        try (var _ = mutant.plant()) {
            for (long seed = 1; seen.isEmpty() && seed <= MOST_SEEDS; seed++) {
                Outcome outcome = Simulation.run(seed);
                seen = Optional.of(outcome).filter(mutant::isSeenIn);
                outcome.failure().map(Outcome.Failure::rule).ifPresent(others::add);
            }
        }
        assertThat(seen).as("%s: seen by %s", mutant.breaks, others).isPresent();
        Outcome.Failure failure = seen.get().failure().orElseThrow();
        System.out.printf(
                "%s: seen by %s at seed %d: %s%n",
                mutant, failure.rule(), seen.get().seed(), failure.detail());
    }

    @Test
    void nothingStaysPlanted() {
        Mutant mutant = Mutant.REQUEST_ID_FORGOTTEN;
        mutant.plant().close();
        assertThat(Simulation.run(1).failure()).isEmpty();
    }
}
