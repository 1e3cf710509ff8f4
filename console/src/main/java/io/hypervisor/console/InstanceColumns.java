package io.hypervisor.console;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceStats;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** What tables show of instances. */
final class InstanceColumns {
    static final List<Integer> EVENT_WIDTHS = List.of(24, 8, 10, 20, 24, 10);

    private InstanceColumns() {}

    /**
     * @param hostname names a node of a given id
     */
    static List<Column<Instance>> of(Instant now, UnaryOperator<String> hostname) {
        return List.of(
                Column.of("NAME", Instance::getName),
                Column.of("TYPE", i -> Words.of(i.getType())),
                Column.state("STATE", i -> Words.of(i.getState())),
                Column.of("NODE", i -> hostname.apply(i.getNodeId())),
                Column.of("CPUS", i -> "" + i.getSpec().getCpuCores()),
                Column.of("MEMORY", i -> Units.size(i.getSpec().getMemoryBytes())),
                Column.of("AGE", i -> Units.age(i.getCreatedAt(), now)),
                Column.wide("ID", Instance::getId),
                Column.wide("IP", Instance::getIpAddress),
                Column.wide("IMAGE", i -> image(i.getSpec())),
                Column.wide("COMMAND", i -> command(i.getSpec())),
                Column.wide("DISKS", i -> disks(i.getSpec())),
                Column.wide("RESTART", i -> Words.of(i.getSpec().getRestartPolicy())),
                Column.wide("RESTARTS", i -> "" + i.getRestartCount()),
                Column.wide("EXIT", i -> i.hasExitCode() ? "" + i.getExitCode() : ""),
                Column.wide("LOCAL", i -> i.getLocal() ? "yes" : ""),
                Column.wide("NEEDS-RESTART", i -> String.join(",", i.getNeedsRestartList())),
                Column.wide("LABELS", i -> NodeColumns.pairs(i.getMetadata().getLabelsMap())),
                Column.wide("REASON", Instance::getStateReason));
    }

    static List<Column<InstanceEvent>> events(UnaryOperator<String> hostname) {
        return List.of(
                Column.of("NAME", e -> e.getInstance().getName()),
                Column.state("EVENT", e -> Words.of(e.getType())),
                Column.state("STATE", e -> Words.of(e.getInstance().getState())),
                Column.of("NODE", e -> hostname.apply(e.getInstance().getNodeId())),
                Column.of("AT", e -> Units.instant(e.getTimestamp()).toString()),
                Column.of("REASON", e -> e.getInstance().getStateReason()));
    }

    /**
     * @param name the instance's name
     */
    static List<Column<InstanceStats>> stats(String name) {
        return List.of(
                Column.of("NAME", s -> name),
                Column.of("CPU", s -> String.format(Locale.ROOT, "%.1f%%", s.getCpuUsagePercent())),
                Column.of("CPU-TIME", s -> Units.span(Duration.ofNanos(s.getCpuTimeNs()))),
                Column.of("MEMORY", s -> Units.size(s.getMemoryUsedBytes())),
                Column.of("CACHE", s -> Units.size(s.getMemoryCacheBytes())),
                Column.of("READ", s -> Units.size(s.getDiskReadBytes())),
                Column.of("WRITTEN", s -> Units.size(s.getDiskWriteBytes())),
                Column.of("RECEIVED", s -> Units.size(s.getNetworkRxBytes())),
                Column.of("SENT", s -> Units.size(s.getNetworkTxBytes())),
                Column.wide("AT", s -> Units.instant(s.getCollectedAt()).toString()));
    }

    private static String image(InstanceSpec spec) {
        return spec.getImage().isEmpty() ? spec.getKernel() : spec.getImage();
    }

    private static String command(InstanceSpec spec) {
        List<String> words = new ArrayList<>(spec.getCommandList());
        words.addAll(spec.getArgsList());
        return String.join(" ", words);
    }

    private static String disks(InstanceSpec spec) {
        return spec.getDisksList().stream()
                .map(d -> d.getName() + "=" + Units.size(d.getSizeBytes()))
                .collect(Collectors.joining(","));
    }
}
