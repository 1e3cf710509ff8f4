package io.hypervisor.controller.feed;

import static io.hypervisor.controller.testkit.Records.instance;
import static io.hypervisor.controller.testkit.Records.node;
import static io.hypervisor.controller.testkit.Records.observed;
import static io.hypervisor.controller.testkit.Records.placement;
import static io.hypervisor.controller.testkit.Records.put;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.feed.ForeignAgent.Trouble;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.testkit.ManualClock;
import io.hypervisor.controller.testkit.MemoryCommitter;
import io.hypervisor.controller.testkit.Records;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

class AgentLinksTest {
    private static final String THEIRS = "01890000-0000-7000-8000-000000000001";
    private static final Duration SETTLE = Duration.ofSeconds(30);

    private final ManualClock clock = new ManualClock();
    private final VirtualTasks tasks = new VirtualTasks();
    private final MemoryCommitter committer = new MemoryCommitter();
    private final Contacts contacts = new Contacts(clock);
    private ForeignAgent agent = new ForeignAgent(false);
    private Optional<AgentLinks> links = Optional.empty();
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        committer.commit(Records.cluster());
        committer.commit(put(node("n")));
        serve();
        channel = InProcessChannelBuilder.forName(toString()).build();
        lead();
    }

    private void serve() throws IOException {
        server = InProcessServerBuilder.forName(toString()).addService(agent).build().start();
    }

    /** A new leader, which knows nothing but the records. */
    private void lead() {
        links.ifPresent(AgentLinks::close);
        contacts.begin();
        contacts.heartbeat("n", true);
        AgentLinks next =
                new AgentLinks(
                        committer,
                        contacts,
                        node -> channel,
                        new AgentLink.Timing(
                                Duration.ofMillis(5),
                                Duration.ofSeconds(10),
                                Duration.ofMillis(200),
                                SETTLE),
                        Duration.ofDays(1),
                        clock,
                        tasks,
                        new SimpleMeterRegistry());
        committer.onChange(next);
        next.leading(true);
        links = Optional.of(next);
    }

    @AfterEach
    void stop() {
        links.ifPresent(AgentLinks::close);
        channel.shutdownNow();
        server.shutdownNow();
        tasks.close();
    }

    private void place(String id) {
        committer.commit(put(instance(id)), put(placement(id, "n")));
    }

    private ObservedRecord seen(String id) {
        return committer
                .snapshot()
                .observed(id)
                .map(Entry::value)
                .orElse(ObservedRecord.getDefaultInstance());
    }

    private void awaitState(String id, InstanceState state) {
        await().until(() -> seen(id).getState() == state);
    }

    private void awaitCalls(String... calls) {
        await().until(() -> agent.calls().equals(List.of(calls)));
    }

    @Test
    void createsAndReportsWhatRuns() {
        place("a");

        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(seen("a").getEpoch()).isEqualTo(1);
        assertThat(seen("a").getRunGeneration()).isEqualTo(1);
        assertThat(agent.calls()).containsExactly("Create a");
        await().until(() -> contacts.settled("n"));
    }

    @Test
    void tellsEpochAndGenerationInAnnotations() {
        keepAnnotations();
        place("a");

        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(agent.instances().get("a").getMetadata().getAnnotationsMap())
                .containsEntry("hypervisor.io/epoch", "1")
                .containsEntry("hypervisor.io/run-generation", "1");
    }

    private void keepAnnotations() {
        agent = new ForeignAgent(true);
        restartServer();
    }

    private void restartServer() {
        server.shutdownNow();
        try {
            server.awaitTermination();
            serve();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void stopsStartsAndRestartsEachGenerationOnce() {
        place("a");
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);

        committer.commit(
                put(instance("a").toBuilder().setRunIntent(RunIntent.RUN_INTENT_STOPPED).build()));
        awaitState("a", InstanceState.INSTANCE_STATE_STOPPED);

        committer.commit(put(instance("a").toBuilder().setRunGeneration(2).build()));
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);

        committer.commit(put(instance("a").toBuilder().setRunGeneration(3).build()));
        await().until(() -> seen("a").getRunGeneration() == 3);
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(agent.calls())
                .containsExactly("Create a", "Stop a", "Start a", "Stop a", "Start a");
    }

    @Test
    void deletesAndReportsGoneOnlyWhenTheListSaysSo() {
        place("a");
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        agent.trouble("Delete", Trouble.LOSE_CALL);

        committer.commit(put(instance("a").toBuilder().setDeleting(true).build()));
        awaitCalls("Create a", "Delete a");
        assertThat(committer.snapshot().instance("a")).isPresent();

        clock.advance(Duration.ofSeconds(2));
        await().until(() -> committer.snapshot().instance("a").isEmpty());
        assertThat(agent.instances()).isEmpty();
    }

    @Test
    void aLostReplyToCreateDoesNotRunItTwice() {
        agent.trouble("Create", Trouble.LOSE_REPLY);
        place("a");

        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(agent.starts()).containsExactly("a");
    }

    @Test
    void aLostReplyToStartDoesNotRunItTwice() {
        place("a");
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        agent.trouble("Start", Trouble.LOSE_REPLY);
        committer.commit(put(instance("a").toBuilder().setRunGeneration(2).build()));

        await().until(() -> seen("a").getRunGeneration() == 2);
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        clock.advance(Duration.ofMinutes(10));
        lead();
        await().until(() -> contacts.settled("n"));
        assertThat(agent.starts()).containsExactly("a", "a");
    }

    @Test
    void aSlowCreateIsNotForgottenWhenTheInstanceLeaves() {
        agent.trouble("Create", Trouble.BE_SLOW);
        place("a");
        await().until(() -> agent.slowCalls() == 1);

        committer.commit(put(placement("a", "n").toBuilder().setEvicting(true).build()));
        // Not listed, and yet the call may still take effect: it must not count as gone.
        assertThat(committer.snapshot().placement("a").orElseThrow().value().getNodeId())
                .isEqualTo("n");
        // Past the call's own deadline, which runs on real time.
        await().until(() -> links.orElseThrow().busy("n").isEmpty());
        agent.finishSlowCalls();

        await().until(() -> agent.calls().contains("Delete a"));
        await().until(
                        () -> {
                            clock.advance(Duration.ofSeconds(1));
                            return committer
                                    .snapshot()
                                    .placement("a")
                                    .orElseThrow()
                                    .value()
                                    .getNodeId()
                                    .isEmpty();
                        });
        assertThat(agent.instances()).isEmpty();
    }

    @Test
    void aNewLeaderWaitsForTheCallThatTheLastOneRecorded() {
        committer.commit(
                put(instance("a").toBuilder().setDeleting(true).build()),
                put(placement("a", "n")),
                put(observed("a", InstanceState.INSTANCE_STATE_CREATING)));
        lead();

        await().until(() -> contacts.settled("n"));
        assertThat(committer.snapshot().instance("a")).isPresent();
        clock.advance(SETTLE);
        await().until(() -> committer.snapshot().instance("a").isEmpty());
        assertThat(agent.calls()).isEmpty();
    }

    @Test
    void aRefusedCreateIsReportedAndTriedAgainLater() {
        agent.trouble("Create", Trouble.REFUSE);
        place("a");

        awaitState("a", InstanceState.INSTANCE_STATE_FAILED);
        assertThat(seen("a").getStateReason()).contains("no such image");
        clock.advance(Duration.ofSeconds(2));
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(agent.starts()).containsExactly("a");
    }

    @Test
    void anAgentThatRestartsEmptyGetsItsInstancesAgain() {
        place("a");
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        agent = new ForeignAgent(false);
        restartServer();

        await().until(() -> agent.starts().equals(List.of("a")));
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void whatCrashedIsStartedAgainAsItsPolicySays() {
        place("a");
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        agent.state("a", InstanceState.INSTANCE_STATE_FAILED);

        await().until(() -> seen("a").getRestartCount() == 1);
        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        agent.state("a", InstanceState.INSTANCE_STATE_STOPPED);
        awaitState("a", InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(agent.calls()).containsExactly("Create a", "Start a");
    }

    @Test
    void aCopyThatStayedBehindIsRemovedBeforeTheNodeSettles() {
        committer.commit(
                put(instance("a")), put(placement("a", "other").toBuilder().setEpoch(2).build()));
        agent.set(
                Instance.newBuilder()
                        .setId("a")
                        .setState(InstanceState.INSTANCE_STATE_RUNNING)
                        .build());
        lead();

        awaitCalls("Delete a");
        await().until(() -> contacts.settled("n"));
        assertThat(agent.instances()).isEmpty();
    }

    @Test
    void aCopyOfAnInstanceThatWasForgottenIsRemoved() {
        keepAnnotations();
        term("this past");
        place(THEIRS);
        awaitState(THEIRS, InstanceState.INSTANCE_STATE_RUNNING);

        forget(THEIRS);
        await().until(() -> agent.instances().isEmpty());
        assertThat(committer.snapshot().localOn("n")).isEmpty();
    }

    @Test
    void aCopyOfAnotherPastOfTheStoreIsLeftAlone() {
        keepAnnotations();
        term("another past");
        place(THEIRS);
        awaitState(THEIRS, InstanceState.INSTANCE_STATE_RUNNING);

        term("this past");
        forget(THEIRS);
        await().until(() -> committer.snapshot().localOn("n").contains(THEIRS));
        assertThat(agent.instances()).containsKey(THEIRS);
    }

    /** The only term that the store has had. */
    private void term(String id) {
        long number = committer.snapshot().leader().orElseThrow().revision();
        committer.commit(
                Edit.put(
                        Table.HISTORY,
                        Table.SELF,
                        HistoryRecord.newBuilder()
                                .addTerms(
                                        HistoryRecord.Term.newBuilder().setNumber(number).setId(id))
                                .build()));
    }

    /** As a forced deletion does while the node is out of touch. */
    private void forget(String id) {
        committer.commit(
                Edit.delete(Table.INSTANCE, id),
                Edit.delete(Table.PLACEMENT, id),
                Edit.delete(Table.OBSERVED, id));
    }

    @Test
    void whatIsNotOursIsLocalAndLeftAlone() {
        agent.set(
                Instance.newBuilder()
                        .setId(THEIRS)
                        .setState(InstanceState.INSTANCE_STATE_RUNNING)
                        .build());

        await().until(() -> committer.snapshot().localOn("n").contains(THEIRS));
        assertThat(agent.calls()).isEmpty();
        agent = new ForeignAgent(false);
        restartServer();
        await().until(() -> committer.snapshot().localOn("n").isEmpty());
    }

    @Test
    void whatEndsBeforeAListShowsItIsNotStartedWithoutEnd() {
        agent.endsAtOnce = true;
        InstanceRecord.Builder once = instance("a").toBuilder();
        once.getSpecBuilder().setRestartPolicy(RestartPolicy.RESTART_POLICY_NEVER);
        committer.commit(put(once.build()), put(placement("a", "n")));

        awaitState("a", InstanceState.INSTANCE_STATE_FAILED);
        assertThat(agent.starts()).containsExactly("a");
    }

    @Test
    void aReturningNodeIsNoLongerUnreachableBeforeItGetsCalls() {
        links.orElseThrow().close();
        committer.commit(
                put(instance("a")),
                put(placement("a", "n")),
                Records.health("n", NodeStatus.NODE_STATUS_UNREACHABLE));
        lead();

        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(committer.snapshot().health("n").orElseThrow().value().getStatus())
                .isEqualTo(NodeStatus.NODE_STATUS_NOT_READY);
    }

    @Test
    void anAgentThatDoesNotAnswerIsAskedAgain() {
        agent.down(true);
        place("a");
        await().until(() -> committer.snapshot().observed("a").isEmpty());
        agent.down(false);

        awaitState("a", InstanceState.INSTANCE_STATE_RUNNING);
    }
}
