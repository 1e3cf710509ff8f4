package io.hypervisor.network.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.network.model.NodeView;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** A table that is kept is the table that would be compiled anew. */
class CompilationPropertyTest {
    private static final int STEPS = 8;

    /** What the switch holds: it is told of changes only. */
    private final SortedMap<String, Flow> held = new TreeMap<>();

    @Property(tries = 100)
    void recomputeEqualsIncremental(@ForAll long seed) {
        Random random = new Random(seed);
        List<Topology> topologies =
                List.of(RandomTopologies.of(seed), RandomTopologies.of(seed + 1));
        Compilation kept = new Compilation();
        NodeView view = NodeView.of(List.of());
        held.clear();
        String node = topologies.getFirst().nodes.firstKey();
        for (int step = 0; step < STEPS; step++) {
            Topology topology = topologies.get(random.nextInt(4) == 0 ? 1 : 0);
            List<NetworkObject> objects = some(topology.objects(node), random);
            view = view.next(objects);
            Wiring wiring = wiring(view, node, topology, random);
            follow(kept.update(view, wiring));

            FlowTable whole = FlowCompiler.compile(NodeView.of(objects), wiring);
            assertThat(kept.table()).isEqualTo(whole);
            assertThat(new TreeSet<>(held.values())).isEqualTo(whole.flows());
            FlowChanges none = kept.update(NodeView.of(objects), wiring);
            assertThat(none.put()).isEmpty();
            assertThat(none.removed()).isEmpty();
            assertThat(none.meters()).isEqualTo(whole.meters());
            assertThat(none.conflicts()).isEqualTo(whole.conflicts());
            assertThat(none.size()).isEqualTo(whole.flows().size());
        }
    }

    private void follow(FlowChanges changes) {
        changes.removed().forEach(flow -> assertThat(held.remove(flow.key())).isEqualTo(flow));
        changes.put().forEach(flow -> assertThat(held.put(flow.key(), flow)).isNotEqualTo(flow));
    }

    /** Most of them: what comes and goes is told one by one. */
    private static List<NetworkObject> some(Iterable<NetworkObject> all, Random random) {
        List<NetworkObject> some = new ArrayList<>();
        int rare = random.nextInt(1, 12);
        all.forEach(
                object -> {
                    if (random.nextInt(rare) != 1) {
                        some.add(object);
                    }
                });
        return some;
    }

    private static Wiring wiring(NodeView view, String node, Topology topology, Random random) {
        Wiring all = Wiring.assumed(view, node, topology.nodes.getOrDefault(node, Set.of()));
        SortedMap<String, Wiring.Plug> plugs = new TreeMap<>(all.ports());
        plugs.keySet().removeIf(port -> random.nextInt(4) == 0);
        SortedMap<String, Integer> patches = new TreeMap<>(all.patches());
        patches.keySet().removeIf(patch -> random.nextInt(10) == 0);
        int tunnel = random.nextInt(10) == 0 ? 0 : all.tunnel();
        return new Wiring(node, all.vtep(), tunnel, patches, plugs, all.routerZones());
    }
}
