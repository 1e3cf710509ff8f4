package io.hypervisor.controller.reconcile;

import static io.hypervisor.controller.testkit.Records.instance;
import static io.hypervisor.controller.testkit.Records.node;
import static io.hypervisor.controller.testkit.Records.placement;
import static io.hypervisor.controller.testkit.Records.put;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.DrainBlocker;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.action.RecordReport;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.feed.Touch;
import io.hypervisor.controller.fence.LostContactFencer;
import io.hypervisor.controller.fence.OperatorFencer;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.testkit.ManualClock;
import io.hypervisor.controller.testkit.ManualTasks;
import io.hypervisor.controller.testkit.MemoryCommitter;
import io.hypervisor.controller.testkit.Records;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class ReconciliationTest {
    private final ManualClock clock = new ManualClock();
    private final ManualTasks tasks = new ManualTasks(clock);
    private final MemoryCommitter committer = new MemoryCommitter();
    private final Contacts contacts = new Contacts(clock);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Reconciliation reconciliation =
            new Reconciliation(
                    committer,
                    List.of(
                            new PlacementReconciler(
                                    committer,
                                    NetworkConfig.defaults(),
                                    () -> new Fresh(List.of(), clock.timestamp())),
                            new DrainReconciler(committer),
                            new ReleaseReconciler(
                                    committer,
                                    List.of(new OperatorFencer(), new LostContactFencer(contacts)),
                                    clock)),
                    tasks,
                    metrics);

    @BeforeEach
    void start() {
        committer.commit(Records.cluster());
        committer.onChange(reconciliation);
        reconciliation.leading(true);
    }

    /** Commits wake everything: the full pass finds nothing more, however long it looks. */
    @AfterEach
    void nothingWasLeftToTheFullPass() {
        tasks.advance(Duration.ofMinutes(5));
        assertThat(metrics.counter("hypervisor.reconcile.repaired").count()).isZero();
    }

    private void ready(String nodeId) {
        committer.commit(put(node(nodeId)), Records.health(nodeId, NodeStatus.NODE_STATUS_READY));
        tasks.run();
    }

    private static InstanceRecord movable(String id) {
        return instance(id).toBuilder()
                .setPlacement(
                        PlacementPolicy.newBuilder().setRelocation(Relocation.RELOCATION_RECREATE))
                .build();
    }

    private PlacementRecord placed(String id) {
        return committer.snapshot().placement(id).orElseThrow().value();
    }

    private void gone(String nodeId, String id) {
        NodeReport report =
                NodeReport.newBuilder()
                        .addObserved(
                                ObservedRecord.newBuilder()
                                        .setInstanceId(id)
                                        .setEpoch(placed(id).getEpoch())
                                        .setGone(true))
                        .build();
        committer.submit(new RecordReport(nodeId, report, clock.timestamp())).join();
        tasks.run();
    }

    private void fence(String nodeId, boolean fenced) {
        committer.commit(
                Edit.put(
                        Table.HEALTH,
                        nodeId,
                        NodeHealth.newBuilder()
                                .setNodeId(nodeId)
                                .setStatus(NodeStatus.NODE_STATUS_UNREACHABLE)
                                .setFenced(fenced)
                                .build()));
        tasks.run();
    }

    @Test
    void placesByPriorityWhenRoomAppears() {
        for (String id : List.of("low", "high")) {
            InstanceRecord.Builder large = instance(id).toBuilder();
            large.getSpecBuilder().setCpuCores(4).setMemoryBytes(12L << 30);
            large.getPlacementBuilder().setPriority(id.equals("high") ? 5 : 0);
            committer.commit(
                    put(large.build()),
                    put(
                            placement(id, "").toBuilder()
                                    .setEpoch(0)
                                    .setReservation(Resources.getDefaultInstance())
                                    .build()));
            tasks.run();
        }
        assertThat(committer.snapshot().unplaced()).containsExactly("high", "low");
        assertThat(placed("low").getReason()).isNotEmpty();

        ready("n1");
        assertThat(placed("high").getNodeId()).isEqualTo("n1");
        assertThat(placed("high").getEpoch()).isEqualTo(1);
        assertThat(committer.snapshot().unplaced()).containsExactly("low");

        committer.commit(Edit.delete(Table.INSTANCE, "high"), Edit.delete(Table.PLACEMENT, "high"));
        tasks.run();
        assertThat(placed("low").getNodeId()).isEqualTo("n1");
    }

    @Test
    void drainsOneInstanceAfterTheOther() {
        ready("n1");
        committer.commit(put(movable("a")), put(placement("a", "n1")));
        committer.commit(put(movable("b")), put(placement("b", "n1")));
        committer.commit(put(instance("c")), put(placement("c", "n1")));
        committer.commit(
                put(
                        node("n1").toBuilder()
                                .setAdminStatus(NodeStatus.NODE_STATUS_DRAINING)
                                .build()));
        tasks.run();
        assertThat(placed("a").getEvicting()).as("no room elsewhere").isFalse();
        assertThat(DrainReconciler.blockers(committer.snapshot(), "n1"))
                .hasSize(3)
                .extracting(DrainBlocker::getReason)
                .doesNotContain("");

        ready("n2");
        tasks.advance(Duration.ofMinutes(1));
        assertThat(placed("a").getEvicting()).isTrue();
        assertThat(placed("b").getEvicting()).isFalse();

        gone("n1", "a");
        assertThat(placed("a"))
                .extracting(PlacementRecord::getNodeId, PlacementRecord::getEpoch)
                .containsExactly("n2", 2L);
        assertThat(placed("b").getEvicting()).isTrue();

        gone("n1", "b");
        assertThat(placed("b").getNodeId()).isEqualTo("n2");
        assertThat(DrainReconciler.blockers(committer.snapshot(), "n1"))
                .extracting(DrainBlocker::getInstanceId, DrainBlocker::getReason)
                .containsExactly(
                        tuple("c", "its relocation policy is KEEP: delete it, or end the drain"));
    }

    @Test
    void movesNothingOffALostNodeBeforeItIsFenced() {
        ready("n1");
        ready("n2");
        committer.commit(put(movable("a")), put(placement("a", "n1")));
        committer.commit(put(instance("keeps")), put(placement("keeps", "n1")));
        fence("n1", false);
        tasks.advance(Duration.ofDays(1));
        assertThat(placed("a").getNodeId()).isEqualTo("n1");

        fence("n1", true);
        assertThat(placed("a"))
                .extracting(PlacementRecord::getNodeId, PlacementRecord::getEpoch)
                .containsExactly("n2", 2L);
        assertThat(placed("keeps").getNodeId()).isEqualTo("n1");
    }

    @Test
    void forgetsWhatIsDeletedAfterItsNodeWasFenced() {
        ready("n1");
        committer.commit(put(instance("keeps")), put(placement("keeps", "n1")));
        fence("n1", true);
        assertThat(placed("keeps").getNodeId()).isEqualTo("n1");

        committer.commit(put(instance("keeps").toBuilder().setDeleting(true).build()));
        tasks.run();
        assertThat(committer.snapshot().instance("keeps")).isEmpty();
    }

    @Test
    void movesNothingOffANodeInMaintenanceUntilThatEnds() {
        ready("n1");
        ready("n2");
        committer.commit(put(movable("a")), put(placement("a", "n1")));
        NodeRecord maintained =
                node("n1").toBuilder().setAdminStatus(NodeStatus.NODE_STATUS_MAINTENANCE).build();
        committer.commit(put(maintained));
        fence("n1", true);
        assertThat(placed("a").getNodeId()).isEqualTo("n1");

        committer.commit(put(node("n1")));
        tasks.run();
        assertThat(placed("a").getNodeId()).isEqualTo("n2");
    }

    @Test
    void movesWhatStopsByItselfWhenItsTimeIsOver() {
        ready("n1");
        ready("n2");
        Touch touch = new Touch(contacts);
        touch.open("n1");
        InstanceRecord.Builder stops = movable("a").toBuilder();
        stops.getPlacementBuilder()
                .setOnLostContact(LostContactPolicy.LOST_CONTACT_POLICY_STOP)
                .setLostContactSeconds(100);
        committer.commit(put(stops.build()), put(placement("a", "n1")));
        touch.end("n1");
        fence("n1", false);

        tasks.advance(Duration.ofSeconds(160));
        assertThat(placed("a").getNodeId()).isEqualTo("n1");
        tasks.advance(Duration.ofSeconds(2));
        assertThat(placed("a"))
                .extracting(PlacementRecord::getNodeId, PlacementRecord::getEpoch)
                .containsExactly("n2", 2L);
    }

    @Test
    void beginsWithEverythingThatIsDueWhenItStartsToLead() {
        reconciliation.leading(false);
        ready("n1");
        committer.commit(
                put(instance("a")), put(placement("a", "").toBuilder().setEpoch(0).build()));
        tasks.run();
        assertThat(placed("a").getNodeId()).isEmpty();

        reconciliation.leading(true);
        tasks.run();
        assertThat(placed("a").getNodeId()).isEqualTo("n1");
    }
}
