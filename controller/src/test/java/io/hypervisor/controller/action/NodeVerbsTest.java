package io.hypervisor.controller.action;

import static io.hypervisor.controller.action.Acting.act;
import static io.hypervisor.controller.action.Acting.refused;
import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.at;
import static io.hypervisor.controller.state.Snapshots.id;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeCondition;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.controller.feed.NodeDocuments;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

/** Registration, status, health and fencing. */
final class NodeVerbsTest {
    private static final String ID = id(1);

    private static RegisterNodeRequest.Builder request() {
        return RegisterNodeRequest.newBuilder()
                .setHostname("alpha")
                .setIp("10.0.0.1")
                .setPort(50052)
                .setCapacity(resources(8, 16 * GIB, 100 * GIB))
                .addSupportedInstanceTypes("vm");
    }

    private static RegisterNode register(RegisterNodeRequest.Builder request) {
        return new RegisterNode(request.build(), ID, at(5));
    }

    private static final Snapshot MEMBER = act(Snapshot.empty(), register(request())).state();

    private static SetNodeHealth health(NodeStatus status, long seconds) {
        return new SetNodeHealth(ID, status, at(seconds));
    }

    private static UpdateNodeStatusRequest.Builder update() {
        return UpdateNodeStatusRequest.newBuilder().setNodeId(ID);
    }

    @Test
    void aNewNodeIsAWorkerThatHasYetToReport() {
        Node node = act(Snapshot.empty(), register(request())).answer();
        assertThat(node.getId()).isEqualTo(ID);
        assertThat(node.getRole()).isEqualTo(NodeRole.NODE_ROLE_WORKER);
        assertThat(node.getStatus()).isEqualTo(NodeStatus.NODE_STATUS_NOT_READY);
        assertThat(node.getCreatedAt()).isEqualTo(at(5));
        assertThat(node.getAllocatable().getCpuCores()).isEqualTo(32);
        assertThat(node.getAllocatable().getMemoryBytes()).isEqualTo(16 * GIB - GIB / 2);
    }

    @Test
    void renewingKeepsIdBirthAndOperatorsWord() {
        Snapshot closed = Snapshots.from(MEMBER).admin(ID, NodeStatus.NODE_STATUS_CORDONED).done();
        Node node =
                act(
                                closed,
                                new RegisterNode(
                                        request().setPort(50053).setZone("z").build(),
                                        id(2),
                                        at(9)))
                        .answer();
        assertThat(node.getId()).isEqualTo(ID);
        assertThat(node.getCreatedAt()).isEqualTo(at(5));
        assertThat(node.getPort()).isEqualTo(50053);
        assertThat(node.getZone()).isEqualTo("z");
        Snapshot ready = act(closed, health(NodeStatus.NODE_STATUS_READY, 6)).state();
        Node renewed = act(ready, register(request().setZone("z"))).answer();
        assertThat(renewed.getStatus()).isEqualTo(NodeStatus.NODE_STATUS_CORDONED);
        assertThat(act(MEMBER, register(request())).writes()).isZero();
    }

    @Test
    void aHostnameInTouchIsNotTakenFromAnotherAddress() {
        Snapshot ready = act(MEMBER, health(NodeStatus.NODE_STATUS_READY, 6)).state();
        Fault fault =
                refused(ready, register(request().setIp("10.0.0.2")), Fault.Kind.ALREADY_EXISTS);
        assertThat(fault.resourceId()).isEqualTo(ID);
        assertThat(act(ready, register(request().setIp("10.0.0.2").setNodeId(ID))).answer().getIp())
                .isEqualTo("10.0.0.2");
        Snapshot lost = act(ready, health(NodeStatus.NODE_STATUS_UNREACHABLE, 7)).state();
        assertThat(act(lost, register(request().setIp("10.0.0.2"))).answer().getId()).isEqualTo(ID);
        refused(lost, register(request().setNodeId(id(7))), Fault.Kind.ALREADY_EXISTS);
    }

    @Test
    void aRemovedNodeComesBackUnderItsId() {
        assertThat(act(Snapshot.empty(), register(request().setNodeId(id(7)))).answer().getId())
                .isEqualTo(id(7));
    }

    @Test
    void deregisterNamesWhatIsInTheWay() {
        Snapshot now = Snapshots.from(MEMBER).instance("i", ID).done();
        DeregisterNode verb =
                new DeregisterNode(DeregisterNodeRequest.newBuilder().setNodeId(ID).build(), at(9));
        Fault fault = refused(now, verb, Fault.Kind.FAILED_PRECONDITION);
        assertThat(fault.violations().getFirst().field()).isEqualTo("instance/i");
        Snapshot after = act(MEMBER, verb).state();
        assertThat(after.nodes()).isEmpty();
        assertThat(after.rooms().all()).isEmpty();
        refused(after, verb, Fault.Kind.NOT_FOUND);
    }

    @Test
    void whatWasAgreedToBeRemovedStaysSoWhenTheNodeReturns() {
        Snapshot agreed =
                Snapshots.from(MEMBER).health(ID, health -> health.setRemovalAgreed(true)).done();
        DeregisterNode verb =
                new DeregisterNode(DeregisterNodeRequest.newBuilder().setNodeId(ID).build(), at(9));
        Snapshot removed = act(agreed, verb).state();
        assertThat(removed.rooms().all()).isEmpty();
        Snapshot back = act(removed, register(request().setNodeId(ID))).state();
        assertThat(back.rooms().of(ID).orElseThrow().status())
                .isEqualTo(NodeStatus.NODE_STATUS_NOT_READY);
        assertThat(NodeDocuments.document(back, ID, "c", 1).getMassRemovalAgreed()).isTrue();
    }

    @Test
    void deregisterTakesManyLocalInstancesInSteps() {
        Snapshots many = Snapshots.from(MEMBER);
        for (int i = 0; i < 150; i++) {
            many.put(
                    Table.LOCAL,
                    id(1000 + i),
                    LocalRecord.newBuilder()
                            .setNodeId(ID)
                            .setInstance(Instance.newBuilder().setId(id(1000 + i)))
                            .build());
        }
        DeregisterNode verb =
                new DeregisterNode(DeregisterNodeRequest.newBuilder().setNodeId(ID).build(), at(9));
        Acting.After<Boolean> first = act(many.done(), verb);
        assertThat(first.answer()).isFalse();
        Acting.After<Boolean> second = act(first.state(), verb);
        assertThat(second.answer()).isTrue();
        assertThat(second.state().locals()).isEmpty();
        assertThat(second.state().nodes()).isEmpty();
    }

    @Test
    void healthWinsOverTheOperatorsWordButForMaintenance() {
        Snapshot lost = act(MEMBER, health(NodeStatus.NODE_STATUS_UNREACHABLE, 6)).state();
        UpdateNodeStatus cordon =
                new UpdateNodeStatus(
                        update().setStatus(NodeStatus.NODE_STATUS_CORDONED).build(), at(7));
        UpdateNodeStatus maintain =
                new UpdateNodeStatus(
                        update().setStatus(NodeStatus.NODE_STATUS_MAINTENANCE).build(), at(7));
        assertThat(act(lost, cordon).answer().getStatus())
                .isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
        assertThat(act(lost, maintain).answer().getStatus())
                .isEqualTo(NodeStatus.NODE_STATUS_MAINTENANCE);
        Snapshot ready = act(MEMBER, health(NodeStatus.NODE_STATUS_READY, 6)).state();
        Acting.After<Node> cordoned = act(ready, cordon);
        assertThat(cordoned.answer().getStatus()).isEqualTo(NodeStatus.NODE_STATUS_CORDONED);
        assertThat(act(cordoned.state(), cordon).writes()).isZero();
    }

    @Test
    void sinceMovesOnlyWithTheStatus() {
        Snapshot now = act(MEMBER, health(NodeStatus.NODE_STATUS_READY, 6)).state();
        assertThat(act(now, health(NodeStatus.NODE_STATUS_READY, 9)).writes()).isZero();
        assertThat(act(now, health(NodeStatus.NODE_STATUS_READY, 9)).answer()).isFalse();
        Snapshot lost = act(now, health(NodeStatus.NODE_STATUS_UNREACHABLE, 9)).state();
        assertThat(lost.health(ID).orElseThrow().value().getSince()).isEqualTo(at(9));
    }

    @Test
    void conditionsMergeByTypeAndKeepTheTimeOfTheirStatus() {
        UpdateNodeStatusRequest first =
                update().addConditions(condition("A", "True"))
                        .addConditions(condition("B", "True"))
                        .build();
        Snapshot now = act(MEMBER, new UpdateNodeStatus(first, at(10))).state();
        UpdateNodeStatusRequest second =
                update().addConditions(condition("A", "True").setReason("Still"))
                        .addConditions(condition("B", "False"))
                        .setAllocated(resources(3, GIB, 0))
                        .build();
        Node node = act(now, new UpdateNodeStatus(second, at(20))).answer();
        assertThat(node.getConditionsList())
                .containsExactly(
                        condition("A", "True")
                                .setReason("Still")
                                .setLastTransitionTime(at(10))
                                .build(),
                        condition("B", "False").setLastTransitionTime(at(20)).build());
        assertThat(node.getAllocated().getCpuCores()).isEqualTo(3);
    }

    private static NodeCondition.Builder condition(String type, String status) {
        return NodeCondition.newBuilder().setType(type).setStatus(status);
    }

    @Test
    void conditionsAreBoundedInAll() {
        UpdateNodeStatusRequest.Builder many = update();
        for (int i = 0; i < 33; i++) {
            many.addConditions(condition("C" + i, "True"));
        }
        refused(MEMBER, new UpdateNodeStatus(many.build(), at(1)), Fault.Kind.INVALID_ARGUMENT);
    }

    @Test
    void aHeartbeatThatSaysNothingNewWritesNothing() {
        HeartbeatRequest beat = HeartbeatRequest.newBuilder().setNodeId(ID).build();
        Acting.After<Boolean> first = act(MEMBER, new RecordHeartbeat(beat, at(6)));
        assertThat(first.answer()).isTrue();
        assertThat(act(first.state(), new RecordHeartbeat(beat, at(7))).writes()).isZero();
        HeartbeatRequest ill = beat.toBuilder().setStatus(NodeStatus.NODE_STATUS_NOT_READY).build();
        Snapshot now = act(first.state(), new RecordHeartbeat(ill, at(8))).state();
        assertThat(now.rooms().of(ID).orElseThrow().status())
                .isEqualTo(NodeStatus.NODE_STATUS_NOT_READY);
        refused(Snapshot.empty(), new RecordHeartbeat(beat, at(6)), Fault.Kind.NOT_FOUND);
    }

    @Test
    void onlyAnUnreachableNodeIsFencedAndComingBackEndsIt() {
        FenceNode fence = new FenceNode(FenceNodeRequest.newBuilder().setNodeId(ID).build(), at(8));
        assertThat(refused(MEMBER, fence, Fault.Kind.FAILED_PRECONDITION))
                .hasMessageContaining("NOT_READY")
                .hasMessageContaining("expected: UNREACHABLE");
        Snapshot lost = act(MEMBER, health(NodeStatus.NODE_STATUS_UNREACHABLE, 6)).state();
        Snapshot fenced = act(lost, fence).state();
        NodeHealth health = fenced.health(ID).orElseThrow().value();
        assertThat(health.getFenced()).isTrue();
        assertThat(act(fenced, fence).writes()).isZero();
        Snapshot back = act(fenced, health(NodeStatus.NODE_STATUS_NOT_READY, 9)).state();
        assertThat(back.health(ID).orElseThrow().value().getFenced()).isFalse();
    }

    @Test
    void expectedRevisionIsThatOfTheNodeRecord() {
        Snapshot ready = act(MEMBER, health(NodeStatus.NODE_STATUS_READY, 6)).state();
        UpdateNodeStatusRequest.Builder close = update().setStatus(NodeStatus.NODE_STATUS_CORDONED);
        long written = ready.node(ID).orElseThrow().revision();
        Snapshot closed =
                act(ready, new UpdateNodeStatus(close.setExpectedRevision(written).build(), at(7)))
                        .state();
        refused(
                closed,
                new UpdateNodeStatus(close.setExpectedRevision(written).build(), at(7)),
                Fault.Kind.ABORTED);
    }
}
