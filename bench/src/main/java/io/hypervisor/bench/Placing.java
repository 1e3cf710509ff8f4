package io.hypervisor.bench;

import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.controller.action.CreateInstance;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.placement.Placement;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The scheduler's cost per placement, on clusters of several sizes that are half full. */
public class Placing implements Benchmark {

    /** A cluster, and one more instance to place. */
    @State(Scope.Benchmark)
    public static class Cluster {
        /** How many nodes it has. */
        @Param({"100", "1000", "10000"})
        public int nodes;

        private Snapshot now = Snapshot.empty();
        private Demand demand = demand(now);

        /** Every node runs a few instances, each a different number. */
        @Setup(Level.Trial)
        public void fill() {
            List<Edit> edits = new ArrayList<>();
            int number = 0;
            for (int node = 0; node < nodes; node++) {
                edits.addAll(Seeds.node(node));
                for (int i = 0; i < 1 + node % 10; i++) {
                    edits.addAll(Seeds.instance(number++, Seeds.nodeId(node)));
                }
            }
            now = Snapshot.empty().with(1, edits);
            demand = demand(now);
        }

        private static Demand demand(Snapshot now) {
            return CreateInstance.demand(
                    Clients.container("next", "run"), now, NetworkConfig.defaults());
        }
    }

    /** One decision. */
    @org.openjdk.jmh.annotations.Benchmark
    @BenchmarkMode(Mode.SampleTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    public Placement place(Cluster cluster) {
        return Scheduler.place(cluster.now, cluster.demand);
    }

    @Override
    public void run(Setting setting) {
        int[] nodes = setting.size().clusters().stream().mapToInt(n -> n).toArray();
        Map<Integer, Double> nanos = new TreeMap<>();
        for (var result : Micro.run(Placing.class, setting.size(), "nodes", nodes)) {
            nanos.put(Integer.valueOf(result.getParams().getParam("nodes")), Micro.median(result));
        }
        int fewest = nanos.keySet().iterator().next();
        nanos.forEach(
                (size, time) ->
                        setting.table()
                                .add(
                                        "scheduler: one placement among %,d nodes, p50"
                                                .formatted(size),
                                        Unit.TIME,
                                        time,
                                        new Baseline(
                                                "%,d nodes".formatted(fewest), nanos.get(fewest)),
                                        Promise.timesBaseline(2)));
    }
}
