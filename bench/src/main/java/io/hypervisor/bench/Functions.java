package io.hypervisor.bench;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.controller.edge.InstanceLists;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.state.Views;

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
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** What the pure functions cost that most of the controller's work goes through. */
public class Functions implements Benchmark {
    private static final int BATCH = 50;
    private static final Map<String, String> NAMES =
            Map.of(
                    "view", "join the view of an instance",
                    "page", "make a page of 100",
                    "batch", "apply a batch of %d new instances".formatted(BATCH));

    /** A cluster, and a batch of creates as one transaction holds them. */
    @State(Scope.Benchmark)
    public static class Cluster {
        /** How many instances it has. */
        @Param({"100000"})
        public int instances;

        private Snapshot now = Snapshot.empty();
        private List<Edit> batch = List.of();
        private List<String> ids = List.of();
        private int turn;

        /** A hundred instances on each node. */
        @Setup(Level.Trial)
        public void fill() {
            List<Edit> edits = new ArrayList<>();
            edits.add(
                    Edit.put(
                            Table.CLUSTER,
                            Table.SELF,
                            ClusterRecord.newBuilder().setClusterId("cluster").build()));
            for (int i = 0; i < instances; i++) {
                if (i % 100 == 0) {
                    edits.addAll(Seeds.node(i / 100));
                }
                edits.addAll(Seeds.instance(i, Seeds.nodeId(i / 100)));
            }
            now = Snapshot.empty().with(1, edits);
            ids = IntStream.range(0, instances).mapToObj(Seeds::id).toList();
            batch = new ArrayList<>();
            for (int i = 0; i < BATCH; i++) {
                batch.addAll(
                        Seeds.instance(instances + i, Seeds.nodeId(i % (instances / 100)))
                                .subList(0, 2));
            }
        }
    }

    /** Of another instance each time. */
    @org.openjdk.jmh.annotations.Benchmark
    @BenchmarkMode(Mode.SampleTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    public Optional<Instance> view(Cluster cluster) {
        cluster.turn = (cluster.turn + 7_919) % cluster.instances;
        return Views.instance(cluster.now, cluster.ids.get(cluster.turn));
    }

    /** The first one. */
    @org.openjdk.jmh.annotations.Benchmark
    @BenchmarkMode(Mode.SampleTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    public ListInstancesResponse page(Cluster cluster) {
        return InstanceLists.list(
                cluster.now, ListInstancesRequest.newBuilder().setPageSize(100).build());
    }

    /** Records and placements, as creates write them. */
    @org.openjdk.jmh.annotations.Benchmark
    @BenchmarkMode(Mode.SampleTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    public Snapshot batch(Cluster cluster) {
        return cluster.now.with(2, cluster.batch);
    }

    @Override
    public void run(Setting setting) {
        int instances = setting.size().instances();
        for (var result : Micro.run(Functions.class, setting.size(), "instances", instances)) {
            String method = result.getPrimaryResult().getLabel();
            setting.table()
                    .add(
                            String.format(
                                    Locale.ROOT,
                                    "function: %s among %,d, p50",
                                    NAMES.get(method),
                                    instances),
                            Unit.TIME,
                            Micro.median(result));
        }
    }
}
