package io.hypervisor.controller.action;

import static io.hypervisor.controller.action.Acting.act;
import static io.hypervisor.controller.action.Acting.refused;
import static io.hypervisor.controller.state.Snapshots.at;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.EnumSet;
import java.util.Set;

/** Start, stop, restart and delete. */
final class RunVerbsTest {
    private static final Set<InstanceState> AT_REST =
            EnumSet.of(InstanceState.INSTANCE_STATE_STOPPED, InstanceState.INSTANCE_STATE_FAILED);

    private static final Action<Instance> START =
            new StartInstance(StartInstanceRequest.newBuilder().setInstanceId("i").build());
    private static final Action<Instance> STOP =
            new StopInstance(StopInstanceRequest.newBuilder().setInstanceId("i").build());
    private static final Action<Instance> RESTART =
            new RestartInstance(RestartInstanceRequest.newBuilder().setInstanceId("i").build());

    private static Snapshot observed(InstanceState state) {
        return Snapshots.empty().node("n").instance("i", "n").observed("i", state).done();
    }

    private static DeleteInstance delete(boolean force) {
        return new DeleteInstance(
                DeleteInstanceRequest.newBuilder().setInstanceId("i").setForce(force).build(),
                at(9));
    }

    @ParameterizedTest
    @EnumSource(
            value = InstanceState.class,
            names = {
                "INSTANCE_STATE_CREATING",
                "INSTANCE_STATE_RUNNING",
                "INSTANCE_STATE_STOPPED",
                "INSTANCE_STATE_FAILED",
                "INSTANCE_STATE_STARTING",
                "INSTANCE_STATE_PAUSED"
            })
    void eachStateAllowsWhatItShould(InstanceState state) {
        Snapshot now = observed(state);
        if (AT_REST.contains(state)) {
            assertThat(act(now, START).answer().getState())
                    .isEqualTo(InstanceState.INSTANCE_STATE_STARTING);
            assertThat(refused(now, STOP, Fault.Kind.FAILED_PRECONDITION))
                    .hasMessageContaining(Require.shortName(state));
        } else {
            assertThat(refused(now, START, Fault.Kind.FAILED_PRECONDITION))
                    .hasMessageContaining("expected: STOPPED or FAILED");
            assertThat(act(now, STOP).answer().getRunIntent())
                    .isEqualTo(RunIntent.RUN_INTENT_STOPPED);
        }
        if (state == InstanceState.INSTANCE_STATE_RUNNING) {
            assertThat(act(now, RESTART).answer().getState())
                    .isEqualTo(InstanceState.INSTANCE_STATE_STARTING);
        } else {
            refused(now, RESTART, Fault.Kind.FAILED_PRECONDITION);
        }
    }

    @Test
    void startAndRestartCountGenerationsAndStopDoesNot() {
        Snapshot now = observed(InstanceState.INSTANCE_STATE_RUNNING);
        now = act(now, RESTART).state();
        assertThat(now.instance("i").orElseThrow().value().getRunGeneration()).isEqualTo(2);
        now = Snapshots.from(now).observed("i", InstanceState.INSTANCE_STATE_RUNNING).done();
        now = act(now, STOP).state();
        assertThat(now.instance("i").orElseThrow().value().getRunGeneration()).isEqualTo(2);
        now = Snapshots.from(now).observed("i", InstanceState.INSTANCE_STATE_STOPPED).done();
        now = act(now, START).state();
        assertThat(now.instance("i").orElseThrow().value().getRunGeneration()).isEqualTo(3);
        assertThat(now.instance("i").orElseThrow().value().getRunIntent())
                .isEqualTo(RunIntent.RUN_INTENT_RUNNING);
    }

    @Test
    void stopWaitsThirtySecondsUnlessToldOtherwise() {
        Snapshot now = act(observed(InstanceState.INSTANCE_STATE_RUNNING), STOP).state();
        assertThat(now.instance("i").orElseThrow().value().getStop().getTimeoutSeconds())
                .isEqualTo(30);
        Action<Instance> harder =
                new StopInstance(
                        StopInstanceRequest.newBuilder().setInstanceId("i").setForce(true).build());
        now = act(now, harder).state();
        assertThat(now.instance("i").orElseThrow().value().getStop().getForce()).isTrue();
        assertThat(act(now, harder).writes()).isZero();
    }

    @Test
    void everyVerbRefusesWhatItDoesNotKnow() {
        Snapshot none = Snapshot.empty();
        for (Action<?> verb : Set.of(START, STOP, RESTART, delete(false))) {
            assertThat(refused(none, verb, Fault.Kind.NOT_FOUND).resourceId()).isEqualTo("i");
        }
    }

    @Test
    void everyVerbLeavesLocalInstancesToTheirNode() {
        Snapshot local =
                Snapshots.empty()
                        .node("n")
                        .put(
                                Table.LOCAL,
                                "i",
                                LocalRecord.newBuilder()
                                        .setNodeId("n")
                                        .setInstance(Instance.newBuilder().setId("i"))
                                        .build())
                        .done();
        for (Action<?> verb : Set.of(START, STOP, RESTART, delete(true))) {
            assertThat(refused(local, verb, Fault.Kind.FAILED_PRECONDITION).reason())
                    .isEqualTo("LOCAL_INSTANCE");
        }
    }

    @Test
    void expectedRevisionIsThatOfTheIntentAlone() {
        Snapshot now =
                Snapshots.empty()
                        .node("n")
                        .instance("i", "n")
                        .observed("i", InstanceState.INSTANCE_STATE_RUNNING)
                        .done();
        long written = now.instance("i").orElseThrow().revision();
        assertThat(act(now, stopAt(written)).writes()).isOne();
        Fault fault = refused(now, stopAt(written - 1), Fault.Kind.ABORTED);
        assertThat(fault.reason()).isEqualTo("REVISION_MISMATCH");
        assertThat(act(now, stopAt(now.revision() + 9)).writes()).isOne();
    }

    private static StopInstance stopAt(long revision) {
        return new StopInstance(
                StopInstanceRequest.newBuilder()
                        .setInstanceId("i")
                        .setExpectedRevision(revision)
                        .build());
    }

    @Test
    void deleteForgetsAtOnceWhatHasNoNode() {
        Snapshot now = act(Snapshots.empty().instance("i", "").done(), delete(false)).state();
        assertThat(now.instances()).isEmpty();
        assertThat(now.unplaced()).isEmpty();
        assertThat(now.instanceByName("name-i")).isEmpty();
    }

    @Test
    void deleteWaitsForTheNodeAndCanBeForcedLater() {
        Snapshot now = observed(InstanceState.INSTANCE_STATE_RUNNING);
        now = act(now, delete(false)).state();
        assertThat(Require.state(now, "i")).isEqualTo(InstanceState.INSTANCE_STATE_DELETING);
        assertThat(now.instance("i").orElseThrow().value().getStop().getTimeoutSeconds())
                .isEqualTo(10);
        assertThat(act(now, delete(false)).writes()).isZero();
        now = act(now, delete(true)).state();
        assertThat(now.instance("i").orElseThrow().value().getStop().getForce()).isTrue();
        assertThat(act(now, delete(true)).writes()).isZero();
        refused(now, START, Fault.Kind.FAILED_PRECONDITION);
        refused(now, STOP, Fault.Kind.FAILED_PRECONDITION);
    }

    @Test
    void onlyForceForgetsWhatIsOnAnUnreachableNode() {
        Snapshot now =
                Snapshots.from(observed(InstanceState.INSTANCE_STATE_RUNNING))
                        .health("n", NodeStatus.NODE_STATUS_UNREACHABLE)
                        .done();
        assertThat(act(now, delete(false)).state().instance("i")).isPresent();
        Snapshot after = act(now, delete(true)).state();
        assertThat(after.instance("i")).isEmpty();
        assertThat(after.placement("i")).isEmpty();
        assertThat(after.observed("i")).isEmpty();
        assertThat(after.reservedOn("n").getCpuCores()).isZero();
        assertThat(now.health("n").orElseThrow().value().getRemovalAgreed()).isFalse();
        assertThat(after.health("n").orElseThrow().value().getRemovalAgreed()).isTrue();
    }
}
