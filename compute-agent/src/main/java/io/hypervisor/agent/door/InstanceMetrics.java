package io.hypervisor.agent.door;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the node's instances use, in Prometheus' text format: as many series as there are instances
 * at the moment, times the metrics below.
 */
public final class InstanceMetrics {
    private static final String PREFIX = "hypervisor_instance_";
    private static final double NANOS = 1e9;

    private final Locals locals;

    /** One metric of instances that run. */
    private record Metric(
            String name, String type, String help, Function<InstanceStats, Number> value) {}

    private static final List<Metric> METRICS =
            List.of(
                    counter(
                            "cpu_seconds_total",
                            "Processor time since its start.",
                            s -> s.getCpuTimeNs() / NANOS),
                    gauge(
                            "memory_used_bytes",
                            "Memory in use, without cache.",
                            InstanceStats::getMemoryUsedBytes),
                    gauge("memory_cache_bytes", "File cache.", InstanceStats::getMemoryCacheBytes),
                    counter(
                            "disk_read_bytes_total",
                            "Bytes read from disks since its start.",
                            InstanceStats::getDiskReadBytes),
                    counter(
                            "disk_written_bytes_total",
                            "Bytes written to disks since its start.",
                            InstanceStats::getDiskWriteBytes),
                    counter(
                            "network_received_bytes_total",
                            "Bytes received since its start.",
                            InstanceStats::getNetworkRxBytes),
                    counter(
                            "network_sent_bytes_total",
                            "Bytes sent since its start.",
                            InstanceStats::getNetworkTxBytes));

    private record Row(String labels, InstanceStats stats) {}

    InstanceMetrics(Locals locals) {
        this.locals = locals;
    }

    private static Metric counter(String name, String help, Function<InstanceStats, Number> value) {
        return new Metric(name, "counter", help, value);
    }

    private static Metric gauge(String name, String help, Function<InstanceStats, Number> value) {
        return new Metric(name, "gauge", help, value);
    }

    /** The page as of now. An instance that cannot be asked is left out where it cannot. */
    public String page() {
        List<Instance> all = locals.list();
        StringBuilder page = new StringBuilder();
        head(page, "up", "gauge", "1 while it runs, else 0.");
        for (Instance instance : all) {
            line(page, "up", labels(instance), isRunning(instance) ? 1 : 0);
        }
        head(page, "restarts_total", "counter", "Restarts since it was last started by request.");
        for (Instance instance : all) {
            line(page, "restarts_total", labels(instance), instance.getRestartCount());
        }
        List<Row> rows = new ArrayList<>();
        for (Instance instance : all) {
            stats(instance).ifPresent(s -> rows.add(new Row(labels(instance), s)));
        }
        for (Metric metric : METRICS) {
            head(page, metric.name(), metric.type(), metric.help());
            rows.forEach(
                    row ->
                            line(
                                    page,
                                    metric.name(),
                                    row.labels(),
                                    metric.value().apply(row.stats())));
        }
        return page.toString();
    }

    private static boolean isRunning(Instance instance) {
        return instance.getState() == InstanceState.INSTANCE_STATE_RUNNING;
    }

    private Optional<InstanceStats> stats(Instance instance) {
        if (!isRunning(instance)) {
            return Optional.empty();
        }
        try {
            return Optional.of(locals.driver(instance).stats(instance.getId()));
        } catch (RuntimeException e) {
            // It has ended meanwhile, or its daemon is away, of which the node's conditions tell.
            if (e instanceof DriverException || e instanceof Fault) {
                return Optional.empty();
            }
            throw e;
        }
    }

    // Names and ids have nothing that would have to be escaped.
    private static String labels(Instance instance) {
        return "{instance_id=\"%s\",name=\"%s\",type=\"%s\"}"
                .formatted(
                        instance.getId(),
                        instance.getName(),
                        instance.getType()
                                .name()
                                .replace("INSTANCE_TYPE_", "")
                                .toLowerCase(Locale.ROOT));
    }

    private static void head(StringBuilder page, String name, String type, String help) {
        page.append("# HELP ").append(PREFIX).append(name).append(' ').append(help).append('\n');
        page.append("# TYPE ").append(PREFIX).append(name).append(' ').append(type).append('\n');
    }

    private static void line(StringBuilder page, String name, String labels, Number value) {
        page.append(PREFIX).append(name).append(labels).append(' ').append(value).append('\n');
    }
}
