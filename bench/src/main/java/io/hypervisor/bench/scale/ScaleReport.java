package io.hypervisor.bench.scale;

import com.google.errorprone.annotations.FormatMethod;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/** Writes a run down: a table in Markdown and a plot in SVG beside it. */
final class ScaleReport {
    private static final int ROWS = 12;
    // Rates of single seconds jump; the eye wants the trend.
    private static final int SMOOTH = 10;

    private final ScaleResult result;

    private ScaleReport(ScaleResult result) {
        this.result = result;
    }

    /** Returns the Markdown file. */
    static Path write(ScaleResult result, Path folder) throws IOException {
        ScaleOptions options = result.options();
        String name =
                "scale-%s-%d-%d".formatted(options.store(), options.nodes(), options.instances());
        Files.createDirectories(folder);
        ScaleReport report = new ScaleReport(result);
        Files.writeString(folder.resolve(name + ".svg"), report.svg());
        return Files.writeString(folder.resolve(name + ".md"), report.markdown(name + ".svg"));
    }

    private String markdown(String plot) throws IOException {
        ScaleOptions options = result.options();
        Sample last = result.last();
        StringBuilder text = new StringBuilder();
        text.append(
                format(
                        "# %,d instances on %,d simulated nodes, %s\n\n",
                        last.placed(),
                        options.nodes(),
                        switch (options.store()) {
                            case ETCD -> "etcd with one member";
                            case LOCAL -> "embedded store";
                        }));
        text.append(
                format(
                        "%s, %d processors, %d GiB of memory, Linux, Java %s.",
                        LocalDate.now(Clock.system(ZoneOffset.UTC)),
                        Runtime.getRuntime().availableProcessors(),
                        Math.round(machineBytes() / (double) (1L << 30)),
                        Runtime.version().feature()));
        text.append(" Controller, store, nodes and clients share them.");
        text.append(options.note().isEmpty() ? "\n\n" : " " + options.note() + "\n\n");
        text.append("| | |\n|---|---|\n");
        text.append(row("all creates acknowledged (durable, placed)", time(Sample::placed)));
        text.append(row("all in documents that nodes acknowledged", time(Sample::acked)));
        text.append(row("all shown RUNNING", time(Sample::running)));
        text.append(
                row(
                        "placements per second: whole run, first and last tenth",
                        format(
                                "%,.0f; %,.0f, %,.0f",
                                result.rate(0, 1), result.rate(0, 0.1), result.rate(0.9, 1))));
        text.append(row("nodes registered and READY before that", seconds(result.readySeconds())));
        text.append(row("creates sent again", Long.toString(result.retries())));
        text.append(
                row(
                        "resident memory, peak: controller, etcd, load generator with nodes",
                        format(
                                "%s, %s, %s",
                                size(result.peak(Sample::controllerBytes)),
                                size(result.peak(Sample::etcdBytes)),
                                size(result.peak(Sample::loadBytes)))));
        text.append(row("database", size(last.databaseBytes())));
        text.append(row("creates in flight", Integer.toString(options.inFlight())));
        text.append(
                row(
                        "controller",
                        format(
                                "-Xmx%s %s, heartbeat.interval %ds, placement.strategy %s",
                                options.controllerHeap(),
                                String.join(" ", options.controllerFlags()),
                                options.heartbeatSeconds(),
                                options.strategy())));
        text.append("\n![placements, memory](").append(plot).append(")\n\n");
        text.append(table());
        return text.toString();
    }

    private String table() {
        StringBuilder text = new StringBuilder();
        text.append(
                "| s | placed | per s | acked | RUNNING | controller | etcd | load | database |\n");
        text.append("|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        List<Sample> all = result.samples();
        int before = 0;
        for (int row = 0; row <= ROWS; row++) {
            int index = (int) ((long) row * (all.size() - 1) / ROWS);
            Sample sample = all.get(index);
            text.append(
                    format(
                            "| %.0f | %,d | %,.0f | %,d | %,d | %s | %s | %s | %s |\n",
                            sample.seconds(),
                            sample.placed(),
                            rate(before, index),
                            sample.acked(),
                            sample.running(),
                            size(sample.controllerBytes()),
                            size(sample.etcdBytes()),
                            size(sample.loadBytes()),
                            size(sample.databaseBytes())));
            before = index;
        }
        return text.toString();
    }

    private double rate(int from, int to) {
        Sample a = result.samples().get(from);
        Sample b = result.samples().get(to);
        return to == from ? 0 : (b.placed() - a.placed()) / (b.seconds() - a.seconds());
    }

    private String svg() {
        List<Sample> all = result.samples();
        double end = result.last().seconds();
        Plot rates = new Plot("placements per second", end);
        rates.line(
                "acknowledged creates",
                IntStream.range(0, all.size())
                        .mapToObj(
                                i ->
                                        new Plot.Point(
                                                all.get(i).seconds(),
                                                rate(Math.max(0, i - SMOOTH), i)))
                        .toList());
        Plot counts = new Plot("instances", end);
        counts.line("placed", points(sample -> sample.placed()));
        counts.line("acknowledged by nodes", points(sample -> sample.acked()));
        counts.line("RUNNING", points(sample -> sample.running()));
        Plot memory = new Plot("GiB", end);
        memory.line("controller", points(sample -> gibibytes(sample.controllerBytes())));
        memory.line("etcd", points(sample -> gibibytes(sample.etcdBytes())));
        memory.line("load generator", points(sample -> gibibytes(sample.loadBytes())));
        memory.line("database", points(sample -> gibibytes(sample.databaseBytes())));
        return Plot.svg(List.of(rates, counts, memory));
    }

    private List<Plot.Point> points(ToDoubleFunction<Sample> value) {
        return result.samples().stream()
                .map(sample -> new Plot.Point(sample.seconds(), value.applyAsDouble(sample)))
                .toList();
    }

    private String time(ToLongFunction<Sample> count) {
        return seconds(result.secondsUntilAll(count));
    }

    private static String seconds(double seconds) {
        if (Double.isNaN(seconds)) {
            return "not reached";
        }
        return seconds < 120
                ? format("%.1f s", seconds)
                : format("%d min %02d s", (int) seconds / 60, (int) seconds % 60);
    }

    private static String size(long bytes) {
        return bytes == 0 ? "-" : format("%.2f GiB", gibibytes(bytes));
    }

    private static double gibibytes(long bytes) {
        return bytes / (double) (1L << 30);
    }

    private static String row(String name, String value) {
        return "| " + name + " | " + value + " |\n";
    }

    @FormatMethod
    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    private static long machineBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemTotal:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                .sum();
    }
}
