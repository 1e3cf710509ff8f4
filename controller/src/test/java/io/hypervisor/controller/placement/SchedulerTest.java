package io.hypervisor.controller.placement;

import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.MIB;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstancePlan;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeScore;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.PlacementRejection;
import io.hypervisor.api.v1.PlacementStrategy;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

final class SchedulerTest {
    private static final Resources SMALL = resources(1, 512 * MIB, 0);

    private static Demand demand(Resources need, Consumer<PlacementPolicy.Builder> policy) {
        PlacementPolicy.Builder built = PlacementPolicy.newBuilder();
        policy.accept(built);
        return new Demand(
                "new",
                InstanceType.INSTANCE_TYPE_CONTAINER,
                "busybox",
                need,
                Map.of("app", "web"),
                built.build(),
                Set.of());
    }

    private static Demand demand(Consumer<PlacementPolicy.Builder> policy) {
        return demand(SMALL, policy);
    }

    private static AffinityRule.Builder rule(String topology) {
        return AffinityRule.newBuilder().putLabelSelector("app", "web").setTopology(topology);
    }

    private static String placed(Snapshot now, Demand demand) {
        return switch (Scheduler.place(now, demand)) {
            case Placement.Placed(String node, var reservation) -> node;
            case Placement.NoRoom noRoom -> noRoom.reason();
        };
    }

    private static List<String> filters(Snapshot now, Demand demand) {
        return Scheduler.plan(now, demand).getRejectionsList().stream()
                .map(PlacementRejection::getFilter)
                .toList();
    }

    private static Snapshots labelled(Snapshots now, String id, String node) {
        return now.instance(id, node, i -> i.getMetadataBuilder().putLabels("app", "web"));
    }

    @Test
    void spreadTakesTheEmptiestAndBinPackTheFullest() {
        Snapshot now =
                Snapshots.empty()
                        .node("a")
                        .node("b")
                        .node("c")
                        .instance("1", "a")
                        .instance("2", "a")
                        .instance("3", "b")
                        .done();
        assertThat(placed(now, demand(p -> {}))).isEqualTo("c");
        assertThat(
                        placed(
                                now,
                                demand(
                                        p ->
                                                p.setStrategy(
                                                        PlacementStrategy
                                                                .PLACEMENT_STRATEGY_BIN_PACK))))
                .isEqualTo("a");
    }

    @Test
    void binPackSkipsWhatIsFull() {
        Snapshots now = Snapshots.empty().node("a").node("b");
        for (int i = 0; i < 32; i++) {
            now.instance("i" + i, "a", instance -> instance.getSpecBuilder().setMemoryBytes(MIB));
        }
        PlacementStrategy pack = PlacementStrategy.PLACEMENT_STRATEGY_BIN_PACK;
        assertThat(placed(now.done(), demand(p -> p.setStrategy(pack)))).isEqualTo("b");
    }

    @Test
    void equalNodesAreTakenInOrder() {
        Snapshot now = Snapshots.empty().node("b").node("a").node("c").done();
        assertThat(placed(now, demand(p -> {}))).isEqualTo("a");
    }

    @ParameterizedTest
    @EnumSource(
            value = NodeStatus.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"NODE_STATUS_READY", "NODE_STATUS_UNSPECIFIED", "UNRECOGNIZED"})
    void onlyReadyNodesTakeInstances(NodeStatus status) {
        Snapshots now = Snapshots.empty().node("a");
        boolean fromHealth =
                status == NodeStatus.NODE_STATUS_NOT_READY
                        || status == NodeStatus.NODE_STATUS_UNREACHABLE;
        Snapshot then = (fromHealth ? now.health("a", status) : now.admin("a", status)).done();
        assertThat(filters(then, demand(p -> {}))).containsExactly("status");
    }

    @Test
    void eachFilterIsNamedWithItsFigures() {
        Snapshot now =
                Snapshots.empty()
                        .node("1", n -> n.clearSupportedInstanceTypes())
                        .node("2", n -> n.setRegion("r9").setZone("z1"))
                        .node("3", n -> n.setRegion("r1").setZone("z9"))
                        .node("4", n -> n.setRegion("r1").setZone("z1"))
                        .node("5", n -> node(n).setCapacity(resources(1, 16 * GIB, GIB)))
                        .node("6", n -> node(n).setCapacity(resources(8, GIB, GIB)))
                        .node("7", n -> node(n).setCapacity(resources(8, 16 * GIB, MIB)))
                        .done();
        Demand demand =
                demand(
                        resources(8, 2 * GIB, GIB),
                        p -> p.setRegion("r1").setZone("z1").putNodeSelector("ssd", "yes"));
        InstancePlan plan = Scheduler.plan(now, demand);
        assertThat(plan.getNodeId()).isEmpty();
        assertThat(plan.getScoresCount()).isZero();
        assertThat(plan.getRejectionsList())
                .extracting(PlacementRejection::getFilter)
                .containsExactly("type", "region", "zone", "labels", "cpu", "memory", "disk");
        assertThat(plan.getRejections(4).getNodes()).isOne();
        assertThat(plan.getRejections(4).getExample())
                .isEqualTo("host-5: needs 8 cores, 4 of 4 free");
    }

    private static NodeRecord.Builder node(NodeRecord.Builder node) {
        node.getMetadataBuilder().putLabels("ssd", "yes");
        return node.setRegion("r1").setZone("z1");
    }

    @Test
    void whatTheNodeCountsCountsIfItIsMore() {
        Snapshot now =
                Snapshots.empty()
                        .node("a")
                        .health("a", h -> h.setReportedAllocated(resources(32, 0, 0)))
                        .done();
        assertThat(filters(now, demand(p -> {}))).containsExactly("cpu");
    }

    @Test
    void nodesThatHoldTheImageComeFirst() {
        Snapshot now =
                Snapshots.empty()
                        .node("lists", n -> {})
                        .health("lists", h -> image(h, "docker.io/library/busybox:latest"))
                        .node("other", n -> {})
                        .health("other", h -> image(h, "alpine"))
                        .instance("1", "lists")
                        .done();
        assertThat(placed(now, demand(p -> {}))).isEqualTo("lists");
        assertThat(placed(now, demand(p -> p.setPreferredNodeId("other")))).isEqualTo("other");
        Snapshot closed =
                Snapshots.from(now).admin("lists", NodeStatus.NODE_STATUS_CORDONED).done();
        assertThat(placed(closed, demand(p -> {}))).isEqualTo("other");
        Snapshot silent = Snapshots.from(now).node("silent").done();
        assertThat(placed(silent, demand(p -> {}))).isEqualTo("silent");
    }

    private static void image(NodeHealth.Builder health, String name) {
        health.addImages(
                Image.newBuilder().setName(name).setType(InstanceType.INSTANCE_TYPE_CONTAINER));
    }

    @Test
    void thePreferredNodeIsTakenWhenItFits() {
        Snapshot now = Snapshots.empty().node("a").node("b").instance("1", "b").done();
        assertThat(placed(now, demand(p -> p.setPreferredNodeId("b")))).isEqualTo("b");
        Snapshot closed = Snapshots.from(now).admin("b", NodeStatus.NODE_STATUS_CORDONED).done();
        assertThat(placed(closed, demand(p -> p.setPreferredNodeId("b")))).isEqualTo("a");
    }

    @Test
    void requiredRepulsionKeepsNodesAndZonesApart() {
        Snapshots now =
                Snapshots.empty()
                        .node("a", n -> n.setZone("x"))
                        .node("b", n -> n.setZone("x"))
                        .node("c", n -> n.setZone("y"))
                        .instance("filler1", "c")
                        .instance("filler2", "c");
        Snapshot one = labelled(now, "1", "a").done();
        assertThat(
                        placed(
                                one,
                                demand(
                                        p ->
                                                p.addAffinity(
                                                        rule("node")
                                                                .setAnti(true)
                                                                .setRequired(true)))))
                .isEqualTo("b");
        Demand zone = demand(p -> p.addAffinity(rule("zone").setAnti(true).setRequired(true)));
        assertThat(placed(one, zone)).isEqualTo("c");
        Snapshot both = labelled(Snapshots.from(one), "2", "c").done();
        assertThat(filters(both, zone)).containsExactly("affinity");
    }

    @Test
    void requiredAttractionFollowsItsGroupAndLetsTheFirstMemberIn() {
        Snapshots now =
                Snapshots.empty()
                        .node("a", n -> n.getMetadataBuilder().putLabels("rack", "1"))
                        .node("b", n -> n.getMetadataBuilder().putLabels("rack", "2"))
                        .node("c");
        Demand together = demand(p -> p.addAffinity(rule("rack").setRequired(true)));
        assertThat(placed(now.done(), together)).isEqualTo("a");
        Snapshot led = labelled(now, "1", "b").done();
        assertThat(placed(led, together)).isEqualTo("b");
        assertThat(placed(led, demand(p -> p.addAffinity(rule("node").setRequired(true)))))
                .isEqualTo("b");
    }

    @Test
    void wishesYieldWhenNobodyCanKeepThem() {
        Snapshots now = Snapshots.empty().node("a").node("b");
        Snapshot one = labelled(now, "1", "a").done();
        Demand apart = demand(p -> p.addAffinity(rule("").setAnti(true)));
        assertThat(placed(one, apart)).isEqualTo("b");
        Snapshot closed = Snapshots.from(one).admin("b", NodeStatus.NODE_STATUS_CORDONED).done();
        assertThat(placed(closed, apart)).isEqualTo("a");
    }

    @Test
    void aPlanListsWhoFitsBestFirst() {
        Snapshot now =
                Snapshots.empty()
                        .node("a")
                        .node("b")
                        .node("closed")
                        .admin("closed", NodeStatus.NODE_STATUS_CORDONED)
                        .instance("1", "a")
                        .done();
        InstancePlan plan = Scheduler.plan(now, demand(p -> {}));
        assertThat(plan.getNodeId()).isEqualTo("b");
        assertThat(plan.getReservation()).isEqualTo(SMALL);
        assertThat(plan.getScoresList()).extracting(NodeScore::getNodeId).containsExactly("b", "a");
        assertThat(plan.getScores(0).getScore()).isEqualTo(100);
        assertThat(plan.getRejectionsList())
                .containsExactly(
                        PlacementRejection.newBuilder()
                                .setFilter("status")
                                .setNodes(1)
                                .setExample("host-closed: is CORDONED")
                                .build());
    }
}
