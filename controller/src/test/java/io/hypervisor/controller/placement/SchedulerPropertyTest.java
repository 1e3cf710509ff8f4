package io.hypervisor.controller.placement;

import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.MIB;
import static io.hypervisor.controller.state.Snapshots.id;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.PlacementStrategy;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/** The indexed search finds exactly what looking at every node finds. */
final class SchedulerPropertyTest {
    private static final List<String> PLACES = List.of("", "x", "y");
    private static final List<String> APPS = List.of("web", "db", "cache");
    private static final List<String> PHYSICAL_NETWORKS = List.of("rare", "dc", "dc", "dc");
    private static final List<String> TOPOLOGIES = List.of("", "zone", "region", "rack");

    @Property(tries = 400)
    void agreesWithLookingAtEveryNode(@ForAll long seed) {
        Random random = new Random(seed);
        Snapshot now = cluster(random);
        for (int i = 0; i < 10; i++) {
            Demand demand = demand(random);
            Search search = new Search(now, demand);
            Optional<Room> expected =
                    now.rooms().all().stream().filter(search::fits).min(search::compare);
            switch (Scheduler.place(now, demand)) {
                case Placement.Placed(String node, var reservation) ->
                        assertThat(node).isEqualTo(expected.map(Room::id).orElse("none"));
                case Placement.NoRoom noRoom -> {
                    assertThat(expected).isEmpty();
                    assertThat(noRoom.rejections().stream().mapToInt(r -> r.getNodes()).sum())
                            .isEqualTo(now.nodes().size());
                }
            }
        }
    }

    private static <T> T pick(Random random, List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    private static Snapshot cluster(Random random) {
        Snapshots now = Snapshots.empty();
        int nodes = 1 + random.nextInt(40);
        for (int i = 0; i < nodes; i++) {
            now.node(
                    id(i),
                    node -> {
                        node.setRegion(pick(random, PLACES)).setZone(pick(random, PLACES));
                        node.setCapacity(
                                resources(
                                        1 + random.nextInt(4), (1 + random.nextInt(8)) * GIB, GIB));
                        node.getMetadataBuilder().putLabels("rack", "r" + random.nextInt(3));
                        if (random.nextInt(4) > 0) {
                            node.getNetworkBuilder()
                                    .setVtepIp(random.nextBoolean() ? "10.0.0.1" : "")
                                    .addPhysicalNetworks(pick(random, PHYSICAL_NETWORKS));
                        }
                        if (random.nextInt(8) == 0) {
                            node.getMetadataBuilder().putLabels("rare", "yes");
                        }
                    });
            if (random.nextInt(6) == 0) {
                now.admin(id(i), NodeStatus.NODE_STATUS_CORDONED);
            }
            if (random.nextInt(3) == 0) {
                now.health(
                        id(i),
                        health ->
                                health.addImages(
                                        Image.newBuilder()
                                                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                                .setName(pick(random, APPS))));
            }
        }
        int instances = random.nextInt(60);
        for (int i = 0; i < instances; i++) {
            now.instance(
                    "i" + i,
                    id(random.nextInt(nodes)),
                    instance -> {
                        instance.getMetadataBuilder().putLabels("app", pick(random, APPS));
                        if (random.nextBoolean()) {
                            instance.getMetadataBuilder().putLabels("tier", "1");
                        }
                        instance.getSpecBuilder()
                                .setMemoryBytes((1 + random.nextInt(4)) * 256L * MIB);
                    });
        }
        return now.done();
    }

    private static Set<String> networks(Random random) {
        // "" is the overlay.
        return random.nextBoolean()
                ? Set.of("", pick(random, PHYSICAL_NETWORKS))
                : Set.of(pick(random, PHYSICAL_NETWORKS));
    }

    private static Demand demand(Random random) {
        PlacementPolicy.Builder policy = PlacementPolicy.newBuilder();
        policy.setStrategy(
                random.nextBoolean()
                        ? PlacementStrategy.PLACEMENT_STRATEGY_BIN_PACK
                        : PlacementStrategy.PLACEMENT_STRATEGY_UNSPECIFIED);
        if (random.nextInt(3) == 0) {
            policy.setZone(pick(random, PLACES));
        }
        if (random.nextInt(4) == 0) {
            policy.putNodeSelector("rare", "yes");
        }
        if (random.nextInt(4) == 0) {
            policy.setPreferredNodeId(id(random.nextInt(40)));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            AffinityRule.Builder rule =
                    AffinityRule.newBuilder()
                            .putLabelSelector("app", pick(random, APPS))
                            .setTopology(pick(random, TOPOLOGIES))
                            .setAnti(random.nextBoolean())
                            .setRequired(random.nextInt(3) == 0);
            if (random.nextInt(3) == 0) {
                rule.putLabelSelector("tier", "1");
            }
            policy.addAffinity(rule);
        }
        // Some demands are those of instances that are placed already, as in a drain.
        String instance = random.nextInt(3) == 0 ? "i" + random.nextInt(60) : "new";
        return new Demand(
                instance,
                InstanceType.INSTANCE_TYPE_CONTAINER,
                pick(random, APPS),
                resources(1 + random.nextInt(3), (1 + random.nextInt(8)) * 256L * MIB, 0),
                Map.of("app", pick(random, APPS), "tier", "1"),
                policy.build(),
                random.nextInt(3) == 0 ? networks(random) : Set.of());
    }
}
