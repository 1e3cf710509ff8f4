package io.hypervisor.console;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.Resources;

import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.function.Function;

@Command(name = "cluster", description = "The cluster as a whole.")
final class ClusterCommand {
    private static final List<Column<ClusterInfo>> COLUMNS =
            List.of(
                    Column.of("CLUSTER", ClusterInfo::getClusterName),
                    Column.of("ID", ClusterInfo::getClusterId),
                    Column.of("VERSION", ClusterInfo::getVersion),
                    Column.of("LEADER", ClusterInfo::getLeader),
                    Column.of(
                            "NODES", c -> c.getTotalNodes() + ", " + c.getReadyNodes() + " ready"),
                    Column.of(
                            "INSTANCES",
                            c ->
                                    c.getTotalInstances()
                                            + ", "
                                            + c.getRunningInstances()
                                            + " running"),
                    Column.of("CPUS", c -> used(c, r -> "" + r.getCpuCores())),
                    Column.of("MEMORY", c -> used(c, r -> Units.size(r.getMemoryBytes()))),
                    Column.of("DISK", c -> used(c, r -> Units.size(r.getDiskBytes()))),
                    Column.of("GPUS", c -> used(c, r -> "" + r.getGpuCount())));

    @ParentCommand Hvctl hvctl;

    @Command(description = "Sum the cluster up: nodes, instances, what is taken and what there is.")
    void info() {
        ClusterInfo info = hvctl.session().cluster().getClusterInfo(Empty.getDefaultInstance());
        hvctl.output().details(info, info, COLUMNS);
    }

    private static String used(ClusterInfo cluster, Function<Resources, String> amount) {
        return amount.apply(cluster.getTotalAllocated())
                + " of "
                + amount.apply(cluster.getTotalAllocatable())
                + " taken, "
                + amount.apply(cluster.getTotalCapacity())
                + " in the machines";
    }
}
