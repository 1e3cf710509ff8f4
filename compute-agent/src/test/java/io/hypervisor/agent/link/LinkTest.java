package io.hypervisor.agent.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.testing.ScriptedController;
import io.hypervisor.agent.testing.TestAgent;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.Assignment.Want;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class LinkTest {
    @TempDir Path folder;
    private final Tasks tasks = new VirtualTasks();
    private final ScriptedController controller = new ScriptedController(tasks);
    private final List<AutoCloseable> open = new ArrayList<>(List.of(controller));

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        tasks.close();
    }

    private TestAgent agent(String name, Object... controllers) {
        TestAgent agent = new TestAgent(folder.resolve(name), name, List.of(controllers));
        open.add(agent);
        return agent;
    }

    private static Fault notLeader() {
        return Fault.unavailable("NOT_LEADER", "does not lead");
    }

    private static Assignment run(String id) {
        return Assignment.newBuilder()
                .setInstanceId(id)
                .setEpoch(1)
                .setRunGeneration(1)
                .setWant(Want.WANT_RUNNING)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage("run"))
                .build();
    }

    private static NodeDocument document(long term, long revision, Assignment... assignments) {
        return NodeDocument.newBuilder()
                .setClusterId(ScriptedController.CLUSTER)
                .setTerm(term)
                .setRevision(revision)
                .addAllAssignments(List.of(assignments))
                .build();
    }

    private boolean runs(String id) {
        return controller.observed().containsKey(id)
                && controller.observed().get(id).getState() == InstanceState.INSTANCE_STATE_RUNNING;
    }

    private List<NodeHello> hellos() {
        return controller.messages().stream()
                .filter(NodeMessage::hasHello)
                .map(NodeMessage::getHello)
                .toList();
    }

    @Test
    void registersSaysHelloAcksAndReports() {
        controller.document(document(1, 5, run("a")));
        agent("n1", controller.address());
        await().until(() -> runs("a"));
        assertThat(controller.registrations()).hasSize(1);
        assertThat(controller.registrations().getFirst().getHostname()).isEqualTo("n1");
        assertThat(controller.registrations().getFirst().getCapacity().getMemoryBytes())
                .isPositive();
        assertThat(controller.registrations().getFirst().getSupportedInstanceTypesList())
                .containsExactly("container");
        assertThat(hellos().getFirst().getNodeId()).isEqualTo("node-n1");
        assertThat(controller.acked()).isEqualTo(5);
        NodeReport first = controller.reports().getFirst();
        assertThat(first.getFull()).isTrue();
        assertThat(first.getNode().getConditionsCount()).isGreaterThanOrEqualTo(4);
        assertThat(first.getNode().getVersionsMap()).containsKeys("agent", "kernel", "fake");
        assertThat(controller.reports().stream().filter(NodeReport::getFull)).hasSize(1);
    }

    @Test
    void reportsInFullWhenItsDriversHaveAnswered() {
        FakeScript script = new FakeScript().down(true);
        controller.document(document(1, 5, run("a")));
        open.add(new TestAgent(folder.resolve("n1"), "n1", List.of(controller.address()), script));
        await().until(
                        () ->
                                controller.observed().containsKey("a")
                                        && controller.observed().get("a").getState()
                                                == InstanceState.INSTANCE_STATE_UNKNOWN);
        assertThat(controller.reports()).noneMatch(NodeReport::getFull);
        script.works();
        await().until(() -> runs("a"));
        await().until(() -> controller.reports().stream().anyMatch(NodeReport::getFull));
    }

    @Test
    void sendsHeartbeatsWhenNothingHappens() {
        agent("n1", controller.address());
        await().until(
                        () ->
                                controller.reports().stream()
                                                .filter(NodeReport.getDefaultInstance()::equals)
                                                .count()
                                        >= 3);
    }

    @Test
    void appliesDeltasAndReportsChanges() {
        controller.document(document(1, 5));
        agent("n1", controller.address());
        await().until(() -> controller.acked() == 5);
        controller.send(delta(1, 5, 6).addUpserts(run("a")).build());
        await().until(() -> runs("a"));
        controller.send(
                delta(1, 6, 7).addUpserts(run("a").toBuilder().setWant(Want.WANT_ABSENT)).build());
        await().until(() -> controller.observed().get("a").getGone());
        controller.send(delta(1, 7, 8).addRemovals("a").build());
        await().until(() -> controller.acked() == 8);
    }

    private static NodeDelta.Builder delta(long term, long base, long revision) {
        return NodeDelta.newBuilder().setTerm(term).setBaseRevision(base).setRevision(revision);
    }

    @Test
    void followsTheLeaderAndRotates() {
        ScriptedController follower = new ScriptedController(tasks);
        open.add(follower);
        follower.refuse(notLeader().with("leader", controller.address().toString()));
        agent("n1", follower.address());
        await().until(() -> controller.connected() == 1);
        ScriptedController dead = new ScriptedController(tasks);
        var nobody = dead.address();
        dead.close();
        agent("n2", nobody, controller.address());
        await().until(() -> controller.connected() == 2);
    }

    @Test
    void comesBackWithItsJournalAfterAStreamEnds() {
        controller.document(document(1, 5, run("a")));
        agent("n1", controller.address());
        await().until(() -> runs("a"));
        controller.document(document(2, 9, run("a"), run("b")));
        controller.drop(notLeader());
        await().until(() -> runs("b"));
        assertThat(hellos()).hasSizeGreaterThanOrEqualTo(2);
        assertThat(hellos().getLast().getTerm()).isEqualTo(1);
        assertThat(hellos().getLast().getRevision()).isEqualTo(5);
        assertThat(controller.registrations()).hasSize(1);
    }

    @Test
    void registersAgainWhenItIsNotKnown() {
        agent("n1", controller.address());
        await().until(() -> controller.connected() == 1);
        controller.drop(Fault.notFound("node", "node-n1"));
        await().until(() -> controller.registrations().size() == 2);
        assertThat(controller.registrations().getLast().getNodeId()).isEqualTo("node-n1");
        await().until(() -> controller.connected() == 1);
    }

    @Test
    void asksForAFullDocumentAfterAGap() {
        controller.document(document(1, 5));
        agent("n1", controller.address());
        await().until(() -> controller.acked() == 5);
        controller.document(document(1, 8, run("a")));
        controller.send(delta(1, 6, 7).addUpserts(run("x")).build());
        await().until(() -> runs("a"));
        assertThat(controller.observed()).doesNotContainKey("x");
    }

    @Test
    void neverFollowsAnOlderController() {
        controller.document(document(2, 10, run("a")));
        TestAgent agent = agent("n1", controller.address());
        await().until(() -> runs("a"));
        controller.document(document(1, 3));
        int before = hellos().size();
        controller.drop(notLeader());
        await().until(() -> hellos().size() >= before + 2);
        assertThat(agent.driver().list()).hasSize(1);
        assertThat(controller.acked()).isEqualTo(10);
    }

    @Test
    void saysThatADestroyedStrayIsGone() {
        controller.document(document(1, 5, run("a"), run("s")));
        agent("n1", controller.address());
        await().until(() -> runs("a") && runs("s"));
        // The controller has forgotten s, as after a forced removal.
        controller.document(document(1, 6, run("a")));
        controller.drop(notLeader());
        await().until(() -> controller.observed().get("s").getGone());
        assertThat(runs("a")).isTrue();
    }

    @Test
    void tellsWhatIsThereAndNotAssigned() {
        controller.document(document(1, 5, run("a"), run("b"), run("c"), run("d")));
        agent("n1", controller.address());
        await().until(() -> controller.acked() == 5 && runs("a") && runs("b") && runs("d"));
        // Too many to be removed without a word.
        controller.document(document(1, 6, run("a")));
        controller.drop(notLeader());
        await().until(() -> tells("True", "not assigned to this node: 3: b, c, d"));
        controller.document(document(1, 7, run("a"), run("b"), run("c"), run("d")));
        controller.drop(notLeader());
        await().until(() -> tells("False", ""));
    }

    private boolean tells(String status, String message) {
        return controller.reports().stream()
                .filter(NodeReport::hasNode)
                .flatMap(report -> report.getNode().getConditionsList().stream())
                .filter(condition -> condition.getType().equals("Orphans"))
                .reduce((earlier, later) -> later)
                .filter(last -> last.getStatus().equals(status))
                .filter(last -> last.getMessage().endsWith(message))
                .isPresent();
    }

    @Test
    void severalAgentsInOneProcessGoOnThroughAnOutage() {
        controller.document(document(1, 5, run("a")));
        List<TestAgent> agents = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            agents.add(agent("n" + i, controller.address()));
        }
        await().until(() -> controller.connected() == 5);
        await().until(() -> agents.stream().allMatch(a -> a.driver().list().size() == 1));
        controller.refuse(notLeader());
        controller.drop(notLeader());
        await().until(() -> controller.connected() == 0);
        agents.forEach(a -> a.driver().end("a", Found.Exit.FAILED, 1, ""));
        await().until(
                        () ->
                                agents.stream()
                                        .allMatch(
                                                a ->
                                                        a.driver().list().getFirst().state()
                                                                == Found.State.RUNNING));
        controller.accept();
        await().until(() -> controller.connected() == 5);
        await().until(() -> controller.observed().get("a").getRestartCount() == 1);
    }
}
