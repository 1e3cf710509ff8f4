package io.hypervisor.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.Optional;

/** A cluster that is as it should be is accepted, and each kind of gap is named. */
class ConvergenceTest {
    private final HandMade cluster = new HandMade().withNodes();
    private final Judges judges = new Judges(cluster);

    /** Everything is as it should be: one instance, where it is placed, reported and shown. */
    @BeforeEach
    void converged() {
        judges.ledger().asks("i", HandMade.request("i"));
        judges.ledger().asks("j", HandMade.request("j"));
        cluster.create("i", "a");
        cluster.node(0).runs("i", 1);
        observed(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(unsettled()).isEmpty();
    }

    private Snapshot at() {
        judges.catchUp();
        return judges.now();
    }

    private void observed(InstanceState state) {
        observed(reported().setState(state));
    }

    private void observed(ObservedRecord.Builder record) {
        cluster.put(Table.OBSERVED, "i", record.build());
    }

    private static ObservedRecord.Builder reported() {
        return ObservedRecord.newBuilder()
                .setInstanceId("i")
                .setEpoch(1)
                .setRunGeneration(1)
                .setAppliedGeneration(1)
                .setState(InstanceState.INSTANCE_STATE_RUNNING);
    }

    private void wanted(InstanceRecord.Builder record) {
        cluster.put(Table.INSTANCE, "i", record.build());
    }

    /** What is said after all replicas have caught up. */
    private Optional<String> unsettled() {
        cluster.leader.shows(at(), true);
        cluster.follower.shows(at(), false);
        return judges.unsettled();
    }

    private void unsettled(String because) {
        assertThat(unsettled()).hasValueSatisfying(gap -> assertThat(gap).contains(because));
    }

    @Test
    void aReplicaIsBehindOrDownOrBothLead() {
        cluster.create("j", "a");
        cluster.leader.shows(at(), true);
        assertThat(judges.unsettled().orElseThrow()).contains("controller 1 shows revision");
        cluster.follower.shown = Optional.empty();
        assertThat(judges.unsettled().orElseThrow()).contains("controller 1 is down");
        cluster.follower.shows(at(), true);
        assertThat(judges.unsettled().orElseThrow()).contains("2 controllers lead");
    }

    @Test
    void aNodeIsDownOrUnreachable() {
        cluster.node(1).powered = false;
        unsettled("b is down");
        cluster.node(1).powered = true;
        cluster.unreachable("b");
        unsettled("b is not READY");
    }

    @Test
    void aCopyIsMissingOrOneTooMany() {
        cluster.node(1).runs("j", 1);
        unsettled("b has");
        cluster.node(1).world.clear();
        cluster.node(0).world.clear();
        unsettled("but there is Optional.empty");
    }

    @Test
    void aCopyIsOfAnotherEpochOrGeneration() {
        cluster.node(0).has("i", 2, 1, Found.State.RUNNING);
        unsettled("but there is Optional[Found");
        cluster.node(0).has("i", 1, 0, Found.State.RUNNING);
        unsettled("generation 0 runs");
    }

    @Test
    void anInstanceIsShownInAStateThatItIsNotIn() {
        observed(InstanceState.INSTANCE_STATE_STARTING);
        unsettled("(expected: INSTANCE_STATE_RUNNING)");
        observed(InstanceState.INSTANCE_STATE_RUNNING);
        cluster.node(0).has("i", 1, 1, Found.State.STOPPED);
        unsettled("(expected: INSTANCE_STATE_UNSPECIFIED)");
        wanted(HandMade.instance("i").toBuilder().setRunIntent(RunIntent.RUN_INTENT_STOPPED));
        unsettled("(expected: INSTANCE_STATE_STOPPED)");
        observed(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(unsettled()).isEmpty();
    }

    @Test
    void aCopyIsNotWhatItsSpecSays() {
        observed(reported().clearAppliedGeneration());
        unsettled("spec is not applied");
        observed(reported());
        cluster.node(0).cores = 2;
        unsettled("has 2 processors");
        observed(reported().addNeedsRestart("spec.cpu_cores"));
        assertThat(unsettled()).isEmpty();
        cluster.node(0).cores = 1;
        unsettled("has 1 processors");
        cluster.node(0).foreign = true;
        assertThat(unsettled()).isEmpty();
    }

    @Test
    void aForeignNodeNeedNotHaveWhatShouldNotRun() {
        cluster.node(0).foreign = true;
        cluster.node(0).world.clear();
        observed(InstanceState.INSTANCE_STATE_STOPPED);
        unsettled("but there is Optional.empty");
        wanted(HandMade.instance("i").toBuilder().setRunIntent(RunIntent.RUN_INTENT_STOPPED));
        assertThat(unsettled()).isEmpty();
    }

    @Test
    void anInstanceIsOnItsWay() {
        cluster.put(
                Table.PLACEMENT,
                "i",
                HandMade.placement("i", "a", 1).toBuilder().setEvicting(true).build());
        unsettled("still leaves its node");
        judges.ledger().deletes("i", false);
        wanted(HandMade.instance("i").toBuilder().setDeleting(true));
        unsettled("still DELETING");
        cluster.create("j", "");
        cluster.node(0).world.clear();
        cluster.forget("i");
        unsettled("has no node, and there is room");
    }

    @Test
    void aFullPassHadToRepair() {
        judges.requireNothingRepaired();
        cluster.follower.counter = 1;
        CheckersTest.refused("convergence", "controller 1", judges::requireNothingRepaired);
    }
}
