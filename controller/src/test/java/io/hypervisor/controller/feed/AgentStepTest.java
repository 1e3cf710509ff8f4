package io.hypervisor.controller.feed;

import static io.hypervisor.controller.testkit.Records.observed;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.RestartPolicy;

import org.junit.jupiter.api.Test;

import java.util.Optional;

class AgentStepTest {
    private static final AgentStep.Calls QUIET = new AgentStep.Calls(true, false, "");
    private static final AgentStep.Calls ANSWERED = new AgentStep.Calls(true, true, "");
    private static final AgentStep.Calls PENDING = new AgentStep.Calls(false, false, "");
    private static final Assignment.Builder RUN = wanted(Assignment.Want.WANT_RUNNING);

    private static Assignment.Builder wanted(Assignment.Want want) {
        return Assignment.newBuilder()
                .setInstanceId("a")
                .setEpoch(1)
                .setRunGeneration(1)
                .setWant(want);
    }

    private static Assignment never(Assignment.Builder assignment) {
        return assignment
                .clone()
                .setSpec(
                        InstanceSpec.newBuilder()
                                .setRestartPolicy(RestartPolicy.RESTART_POLICY_NEVER))
                .build();
    }

    private static Instance.Builder copy(InstanceState state) {
        return Instance.newBuilder().setId("a").setState(state);
    }

    private static Instance annotated(InstanceState state, long epoch) {
        return copy(state)
                .setMetadata(
                        Metadata.newBuilder().putAnnotations(Marks.EPOCH, Long.toString(epoch)))
                .build();
    }

    private static AgentStep next(
            Assignment wanted, Optional<Instance> found, Optional<ObservedRecord> recorded) {
        return AgentStep.next(wanted, found, recorded, QUIET);
    }

    @Test
    void aCopyOfAnOlderEpochIsRemovedAndOneOfANewerLeftAlone() {
        Assignment second = RUN.clone().setEpoch(2).build();
        InstanceState running = InstanceState.INSTANCE_STATE_RUNNING;

        assertThat(next(second, Optional.of(annotated(running, 1)), Optional.empty()))
                .isInstanceOf(AgentStep.Delete.class);
        assertThat(next(second, Optional.of(annotated(running, 3)), Optional.empty()))
                .isInstanceOf(AgentStep.Wait.class);
        assertThat(next(second, Optional.of(annotated(running, 2)), Optional.empty()))
                .isInstanceOf(AgentStep.Rest.class);
    }

    @Test
    void aCopyWithoutATraceIsTakenAsTheFirstEpochAndForNoLaterOne() {
        Optional<Instance> found = Optional.of(copy(InstanceState.INSTANCE_STATE_RUNNING).build());

        assertThat(next(RUN.build(), found, Optional.empty())).isInstanceOf(AgentStep.Rest.class);
        assertThat(next(RUN.clone().setEpoch(2).build(), found, Optional.empty()))
                .isInstanceOf(AgentStep.Delete.class);
    }

    @Test
    void nothingIsCreatedStartedOrCalledGoneWhileACallMayYetTakeEffect() {
        Optional<Instance> stopped =
                Optional.of(copy(InstanceState.INSTANCE_STATE_STOPPED).build());
        Optional<ObservedRecord> starting =
                Optional.of(observed("a", InstanceState.INSTANCE_STATE_STARTING));

        assertThat(AgentStep.next(RUN.build(), Optional.empty(), starting, PENDING))
                .isInstanceOf(AgentStep.Wait.class);
        assertThat(AgentStep.next(RUN.build(), stopped, starting, PENDING))
                .isInstanceOf(AgentStep.Wait.class);
        assertThat(
                        AgentStep.next(
                                wanted(Assignment.Want.WANT_ABSENT).build(),
                                Optional.empty(),
                                starting,
                                PENDING))
                .isInstanceOf(AgentStep.Wait.class);
    }

    @Test
    void whatShouldNotRunIsNotCreatedYet() {
        AgentStep step =
                next(
                        wanted(Assignment.Want.WANT_STOPPED).build(),
                        Optional.empty(),
                        Optional.empty());

        assertThat(step)
                .isInstanceOfSatisfying(
                        AgentStep.Rest.class,
                        rest ->
                                assertThat(rest.seen().getState())
                                        .isEqualTo(InstanceState.INSTANCE_STATE_STOPPED));
    }

    @Test
    void whatRanAndMayNotRestartFailsWhenItsNodeLosesIt() {
        Optional<ObservedRecord> ran =
                Optional.of(observed("a", InstanceState.INSTANCE_STATE_RUNNING));

        assertThat(next(never(RUN), Optional.empty(), ran))
                .isInstanceOfSatisfying(
                        AgentStep.Rest.class,
                        rest ->
                                assertThat(rest.seen().getState())
                                        .isEqualTo(InstanceState.INSTANCE_STATE_FAILED));
        assertThat(next(RUN.build(), Optional.empty(), ran)).isInstanceOf(AgentStep.Create.class);
    }

    @Test
    void theRestartPolicyDecidesAboutWhatEndedByItself() {
        Optional<ObservedRecord> ran =
                Optional.of(observed("a", InstanceState.INSTANCE_STATE_RUNNING));
        Optional<Instance> failed = Optional.of(copy(InstanceState.INSTANCE_STATE_FAILED).build());
        Optional<Instance> clean = Optional.of(copy(InstanceState.INSTANCE_STATE_STOPPED).build());
        Assignment always =
                RUN.clone()
                        .setSpec(
                                InstanceSpec.newBuilder()
                                        .setRestartPolicy(RestartPolicy.RESTART_POLICY_ALWAYS))
                        .build();

        assertThat(next(RUN.build(), failed, ran)).isInstanceOf(AgentStep.Start.class);
        assertThat(next(RUN.build(), clean, ran)).isInstanceOf(AgentStep.Rest.class);
        assertThat(next(never(RUN), failed, ran)).isInstanceOf(AgentStep.Rest.class);
        assertThat(next(always, clean, ran)).isInstanceOf(AgentStep.Start.class);
    }

    @Test
    void aNewGenerationStopsTheOldRunFirst() {
        Assignment second = RUN.clone().setRunGeneration(2).build();
        Optional<ObservedRecord> ran =
                Optional.of(observed("a", InstanceState.INSTANCE_STATE_RUNNING));

        assertThat(
                        next(
                                second,
                                Optional.of(copy(InstanceState.INSTANCE_STATE_RUNNING).build()),
                                ran))
                .isInstanceOf(AgentStep.Stop.class);
        assertThat(
                        next(
                                second,
                                Optional.of(copy(InstanceState.INSTANCE_STATE_STOPPED).build()),
                                ran))
                .isInstanceOfSatisfying(
                        AgentStep.Start.class,
                        start -> assertThat(start.intent().getRunGeneration()).isEqualTo(2));
    }

    @Test
    void whatEndedBeforeAListShowedItHasRun() {
        Optional<ObservedRecord> starting =
                Optional.of(observed("a", InstanceState.INSTANCE_STATE_STARTING));
        Optional<Instance> failed = Optional.of(copy(InstanceState.INSTANCE_STATE_FAILED).build());
        Optional<Instance> started =
                failed.map(f -> f.toBuilder().setStartedAt(Timestamp.newBuilder().setSeconds(1)))
                        .map(Instance.Builder::build);

        assertThat(next(never(RUN), failed, starting)).isInstanceOf(AgentStep.Start.class);
        assertThat(AgentStep.next(never(RUN), failed, starting, ANSWERED))
                .isInstanceOf(AgentStep.Rest.class);
        assertThat(next(never(RUN), started, starting)).isInstanceOf(AgentStep.Rest.class);
        assertThat(AgentStep.next(RUN.build(), failed, starting, ANSWERED))
                .isInstanceOfSatisfying(
                        AgentStep.Start.class,
                        start -> assertThat(start.intent().getRestartCount()).isEqualTo(1));
    }

    @Test
    void aRunThatTheListShowedBeforeIsNotTakenForTheNextOne() {
        Instance before =
                copy(InstanceState.INSTANCE_STATE_FAILED)
                        .setStartedAt(Timestamp.newBuilder().setSeconds(1))
                        .build();
        Optional<ObservedRecord> ran =
                Optional.of(observed("a", InstanceState.INSTANCE_STATE_FAILED));
        Assignment second = never(RUN.clone().setRunGeneration(2));

        AgentStep.Start start = (AgentStep.Start) next(second, Optional.of(before), ran);
        assertThat(next(second, Optional.of(before), Optional.of(start.intent())))
                .isInstanceOf(AgentStep.Start.class);
    }

    @Test
    void whatIsToBeStoppedIsStoppedHoweverItEnded() {
        assertThat(
                        next(
                                wanted(Assignment.Want.WANT_STOPPED).build(),
                                Optional.of(copy(InstanceState.INSTANCE_STATE_FAILED).build()),
                                Optional.empty()))
                .isInstanceOfSatisfying(
                        AgentStep.Rest.class,
                        rest ->
                                assertThat(rest.seen().getState())
                                        .isEqualTo(InstanceState.INSTANCE_STATE_STOPPED));
    }
}
