package io.hypervisor.controller.action;

import static io.hypervisor.controller.action.Acting.act;
import static io.hypervisor.controller.action.Acting.refused;
import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.at;
import static io.hypervisor.controller.state.Snapshots.id;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.NodeState;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeCondition;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Port;
import io.hypervisor.controller.feed.NodeDocuments;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

/** Reports, and the moves that wait for them. */
final class RecordReportTest {
    private final Snapshot one = Snapshots.empty().node("n").movable("i", "n").done();

    private static RecordReport report(NodeReport.Builder report) {
        return new RecordReport("n", report.build(), at(50));
    }

    private static ObservedRecord.Builder seen(String id, long epoch, InstanceState state) {
        return ObservedRecord.newBuilder()
                .setInstanceId(id)
                .setEpoch(epoch)
                .setRunGeneration(1)
                .setState(state);
    }

    private static NodeReport.Builder running(String id, long epoch) {
        return NodeReport.newBuilder()
                .addObserved(seen(id, epoch, InstanceState.INSTANCE_STATE_RUNNING));
    }

    private static NodeReport.Builder gone(String id, long epoch) {
        return NodeReport.newBuilder()
                .addObserved(
                        ObservedRecord.newBuilder()
                                .setInstanceId(id)
                                .setEpoch(epoch)
                                .setGone(true));
    }

    @Test
    void recordsWhatIsNewsOnly() {
        Acting.After<Boolean> first = act(one, report(running("i", 1)));
        assertThat(first.answer()).isTrue();
        assertThat(Require.state(first.state(), "i"))
                .isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(first.state().runningOn("n")).isOne();
        assertThat(act(first.state(), report(running("i", 1))).writes()).isZero();
    }

    @Test
    void ignoresOtherEpochsOtherNodesAndStrangers() {
        assertThat(act(one, report(running("i", 2))).writes()).isZero();
        assertThat(act(one, report(running("x", 1))).writes()).isZero();
        Snapshot elsewhere = Snapshots.from(one).node("m").instance("j", "m").done();
        assertThat(act(elsewhere, report(running("j", 1))).writes()).isZero();
        assertThat(act(elsewhere, report(gone("j", 1))).writes()).isZero();
    }

    @Test
    void recordsTheStateOfItsOwnPorts() {
        Snapshot now =
                Snapshots.from(one)
                        .put(Table.PORT, "p", port("i", ""))
                        .put(Table.PORT, "device", port("", "n"))
                        .put(Table.PORT, "elsewhere", port("", "m"))
                        .done();
        RecordReport active = ports(false, "p", "device", "elsewhere", "unknown");
        Acting.After<Boolean> first = act(now, active);
        assertThat(first.state().network().portStates().keySet()).containsExactly("device", "p");
        assertThat(first.state().network().portStates().get("p").value().getNodeId())
                .isEqualTo("n");
        assertThat(act(first.state(), active).writes()).isZero();
        assertThat(act(first.state(), ports(true, "p")).state().network().portStates())
                .containsOnlyKeys("p");
    }

    @Test
    void recordsWhatItsSwitchDoes() {
        NodeNetworkState state = NodeNetworkState.newBuilder().setAppliedRevision(7).build();
        RecordReport report = report(NodeReport.newBuilder().setNetwork(state));
        Acting.After<Boolean> first = act(one, report);
        assertThat(first.state().network().nodeStates().get("n").value().getAppliedRevision())
                .isEqualTo(7);
        assertThat(act(first.state(), report).writes()).isZero();
    }

    @Test
    void recordsWhatItsSwitchOffersUntilItHasNone() {
        NodeNetworkFacts facts = NodeNetworkFacts.newBuilder().setVtepIp("10.0.0.1").build();
        NodeState.Builder offers = NodeState.newBuilder().setNetwork(facts);
        Snapshot now = act(one, report(NodeReport.newBuilder().setNode(offers))).state();
        assertThat(now.node("n").orElseThrow().value().getNetwork()).isEqualTo(facts);
        NodeCondition condition =
                NodeCondition.newBuilder().setType("Switch").setStatus("False").build();
        NodeState silent = NodeState.newBuilder().addConditions(condition).build();
        now = act(now, report(NodeReport.newBuilder().setNode(silent))).state();
        assertThat(now.node("n").orElseThrow().value().getNetwork()).isEqualTo(facts);
        NodeState none = NodeState.getDefaultInstance();
        now = act(now, report(NodeReport.newBuilder().setNode(none))).state();
        assertThat(now.node("n").orElseThrow().value().hasNetwork()).isFalse();
    }

    private static PortRecord port(String instanceId, String nodeId) {
        return PortRecord.newBuilder()
                .setPort(Port.newBuilder().setInstanceId(instanceId).setNodeId(nodeId))
                .build();
    }

    private static RecordReport ports(boolean full, String... ids) {
        NodeReport.Builder report = NodeReport.newBuilder().setFull(full);
        for (String id : ids) {
            report.addPorts(PortState.newBuilder().setPortId(id).setStatus("ACTIVE"));
        }
        return report(report);
    }

    @Test
    void refusesANodeThatIsNoMember() {
        refused(Snapshot.empty(), report(running("i", 1)), Fault.Kind.NOT_FOUND);
    }

    @Test
    void goneAndDeletingRemovesAllThree() {
        Snapshot now = act(one, report(running("i", 1))).state();
        InstanceRecord deleting =
                now.instance("i").orElseThrow().value().toBuilder().setDeleting(true).build();
        now = Snapshots.from(now).put(Table.INSTANCE, "i", deleting).done();
        now = act(now, report(gone("i", 1))).state();
        assertThat(now.instances()).isEmpty();
        assertThat(now.placement("i")).isEmpty();
        assertThat(now.observed("i")).isEmpty();
        assertThat(now.runningOn("n")).isZero();
    }

    @Test
    void goneWithoutALeaveIsForgottenAndMadeAnew() {
        Snapshot now = act(one, report(running("i", 1))).state();
        now = act(now, report(gone("i", 1))).state();
        assertThat(now.observed("i")).isEmpty();
        assertThat(now.placement("i").orElseThrow().value().getNodeId()).isEqualTo("n");
        assertThat(act(now, report(gone("i", 1))).writes()).isZero();
    }

    @Test
    void aDrainMovesUnderTheNextEpoch() {
        Snapshot now = Snapshots.from(one).admin("n", NodeStatus.NODE_STATUS_DRAINING).done();
        Acting.After<Boolean> alone = act(now, new EvictInstance("i"));
        assertThat(alone.answer()).isFalse();
        assertThat(alone.state().placement("i").orElseThrow().value().getReason())
                .contains("status turned away 1");
        now = Snapshots.from(alone.state()).node("m").done();
        Acting.After<Boolean> leaving = act(now, new EvictInstance("i"));
        assertThat(leaving.answer()).isTrue();
        assertThat(act(leaving.state(), new EvictInstance("i")).writes()).isZero();
        now = act(leaving.state(), report(gone("i", 1))).state();
        assertThat(now.unplaced()).containsExactly("i");
        assertThat(now.placement("i").orElseThrow().value().getEpoch()).isEqualTo(1);
        Acting.After<Boolean> placed =
                act(now, new PlaceUnplaced("i", Acting.fresh("new"), NetworkConfig.defaults()));
        assertThat(placed.answer()).isTrue();
        PlacementRecord placement = placed.state().placement("i").orElseThrow().value();
        assertThat(placement.getNodeId()).isEqualTo("m");
        assertThat(placement.getEpoch()).isEqualTo(2);
        assertThat(placement.getReason()).isEmpty();
        assertThat(
                        act(
                                        placed.state(),
                                        new PlaceUnplaced(
                                                "i", Acting.fresh("new"), NetworkConfig.defaults()))
                                .answer())
                .isFalse();
    }

    @Test
    void onlyMovableInstancesOfDrainingNodesAreEvicted() {
        Snapshot now = Snapshots.from(one).node("m").instance("j", "n").done();
        assertThat(act(now, new EvictInstance("i")).answer()).isFalse();
        now = Snapshots.from(now).admin("n", NodeStatus.NODE_STATUS_DRAINING).done();
        assertThat(act(now, new EvictInstance("j")).answer()).isFalse();
        assertThat(act(now, new EvictInstance("nobody")).answer()).isFalse();
    }

    @Test
    void releaseNeedsAnUnreachableNodeTheSameEpochAndPermission() {
        Snapshot lost =
                Snapshots.from(one)
                        .instance("j", "n")
                        .health("n", NodeStatus.NODE_STATUS_UNREACHABLE)
                        .done();
        assertThat(act(one, new ReleaseInstance("i", 1, "proof", at(9))).answer()).isFalse();
        assertThat(act(lost, new ReleaseInstance("i", 2, "proof", at(9))).answer()).isFalse();
        assertThat(act(lost, new ReleaseInstance("j", 1, "proof", at(9))).answer()).isFalse();
        Snapshot maintained =
                Snapshots.from(lost).admin("n", NodeStatus.NODE_STATUS_MAINTENANCE).done();
        assertThat(act(maintained, new ReleaseInstance("i", 1, "proof", at(9))).answer()).isFalse();
        Snapshot free = act(lost, new ReleaseInstance("i", 1, "proof", at(9))).state();
        assertThat(free.unplaced()).containsExactly("i");
        assertThat(free.placement("i").orElseThrow().value().getEpoch()).isEqualTo(1);
        assertThat(free.placement("i").orElseThrow().value().getReason()).isEqualTo("proof");
        assertThat(free.health("n").orElseThrow().value().getRemovalAgreed()).isTrue();
        assertThat(NodeDocuments.document(free, "n", "c", 1).getMassRemovalAgreed()).isTrue();
        Snapshot back =
                act(free, new SetNodeHealth("n", NodeStatus.NODE_STATUS_NOT_READY, Snapshots.at(9)))
                        .state();
        assertThat(NodeDocuments.document(back, "n", "c", 1).getMassRemovalAgreed())
                .as("until it has removed what it ran before")
                .isTrue();
        Snapshot ready =
                act(back, new SetNodeHealth("n", NodeStatus.NODE_STATUS_READY, Snapshots.at(9)))
                        .state();
        assertThat(NodeDocuments.document(ready, "n", "c", 1).getMassRemovalAgreed()).isFalse();
    }

    @Test
    void aFullReportForgetsWhatItDoesNotMention() {
        Snapshot now =
                Snapshots.from(one)
                        .instance("j", "n")
                        .observed("i", InstanceState.INSTANCE_STATE_RUNNING)
                        .observed("j", InstanceState.INSTANCE_STATE_RUNNING)
                        .done();
        now = act(now, report(running("i", 1).setFull(true))).state();
        assertThat(now.observed("i")).isPresent();
        assertThat(now.observed("j")).isEmpty();
        assertThat(Require.state(now, "j")).isEqualTo(InstanceState.INSTANCE_STATE_PENDING);
    }

    @Test
    void aReportLargerThanACommitGoesOnWhereItStopped() {
        Snapshots many = Snapshots.empty().node("n");
        NodeReport.Builder full = NodeReport.newBuilder().setFull(true);
        for (int i = 0; i < 250; i++) {
            many.instance(id(i), "n");
            full.addObserved(seen(id(i), 1, InstanceState.INSTANCE_STATE_RUNNING));
        }
        Snapshot now = many.done();
        int rounds = 1;
        Acting.After<Boolean> round = act(now, report(full));
        while (!round.answer()) {
            rounds++;
            round = act(round.state(), report(full));
        }
        assertThat(rounds).isEqualTo(3);
        assertThat(round.state().runningOn("n")).isEqualTo(250);
    }

    @Test
    void localInstancesComeGoAndAreCounted() {
        Instance local =
                Instance.newBuilder()
                        .setId(id(1))
                        .setName("mine")
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(InstanceSpec.newBuilder().setCpuCores(2).setMemoryBytes(GIB))
                        .build();
        Snapshot now = act(one, report(NodeReport.newBuilder().addLocal(local))).state();
        assertThat(now.localOn("n")).containsExactly(id(1));
        assertThat(now.rooms().of("n").orElseThrow().allocated().getCpuCores()).isEqualTo(3);
        assertThat(act(now, report(NodeReport.newBuilder().addLocal(local))).writes()).isZero();
        Snapshot gone = act(now, report(NodeReport.newBuilder().addLocalGone(id(1)))).state();
        assertThat(gone.locals()).isEmpty();
        assertThat(gone.rooms().of("n").orElseThrow().allocated().getCpuCores()).isOne();
        assertThat(act(now, report(NodeReport.newBuilder().setFull(true))).state().locals())
                .isEmpty();
    }

    @Test
    void anotherNodesLocalInstanceIsNotTakenOver() {
        Instance local = Instance.newBuilder().setId(id(1)).build();
        Snapshot now =
                act(
                                Snapshots.from(one).node("m").done(),
                                report(NodeReport.newBuilder().addLocal(local)))
                        .state();
        RecordReport thief =
                new RecordReport("m", NodeReport.newBuilder().addLocal(local).build(), at(1));
        assertThat(act(now, thief).writes()).isZero();
    }

    @Test
    void theNodesOwnFactsReplaceThoseBefore() {
        NodeState state =
                NodeState.newBuilder()
                        .setCapacity(resources(4, 8 * GIB, GIB))
                        .putVersions("agent", "1")
                        .addSupportedInstanceTypes("vm")
                        .addImages(
                                Image.newBuilder()
                                        .setName("debian")
                                        .setType(InstanceType.INSTANCE_TYPE_VM))
                        .build();
        NodeReport.Builder report = NodeReport.newBuilder().setNode(state);
        Snapshot now = act(one, report(report)).state();
        assertThat(now.node("n").orElseThrow().value().getCapacity().getCpuCores()).isEqualTo(4);
        assertThat(now.health("n").orElseThrow().value().getImagesCount()).isOne();
        assertThat(now.rooms().of("n").orElseThrow().allocatable().getCpuCores()).isEqualTo(16);
        assertThat(act(now, report(report)).writes()).isZero();
    }

    @Test
    void aListOfImagesIsCutToWhatARecordHolds() {
        NodeState.Builder state = NodeState.newBuilder();
        for (int i = 0; i < 20_000; i++) {
            state.addImages(Image.newBuilder().setId("x".repeat(100)).setName("image-" + i));
        }
        Snapshot now = act(one, report(NodeReport.newBuilder().setNode(state))).state();
        assertThat(now.health("n").orElseThrow().value().getSerializedSize())
                .isBetween(400_000, 1 << 20);
    }
}
