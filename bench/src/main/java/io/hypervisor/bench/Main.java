package io.hypervisor.bench;

import io.hypervisor.core.Clock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Runs benchmarks and writes their table: {@code Main TOP [NAME,NAME ...]}, TOP being the built
 * checkout. The table goes to bench/results/DATE.md; of a part, to standard output alone.
 */
public final class Main {
    private Main() {}

    /** All of them, by name, in the order they run. */
    static Map<String, Benchmark> all() {
        Map<String, Benchmark> all = new LinkedHashMap<>();
        all.put("start", new Starting());
        all.put("control", new Deciding());
        all.put("real", new Guests());
        all.put("get", new Reading());
        all.put("watch", new Watching());
        all.put("connect", new Connecting());
        all.put("scheduler", new Placing());
        all.put("network", new Networking());
        all.put("ping", new Pinging());
        all.put("function", new Functions());
        return all;
    }

    /** The whole run. */
    public static void main(String[] args) throws IOException {
        Path top = Path.of(args[0]).toAbsolutePath().normalize();
        Map<String, Benchmark> all = all();
        List<String> names =
                args.length > 1 && !args[1].isEmpty()
                        ? List.of(args[1].split(",", -1))
                        : List.copyOf(all.keySet());
        names.stream()
                .filter(name -> !all.containsKey(name))
                .forEach(
                        name -> {
                            System.err.println("bench: no " + name + " (expected: " + all.keySet());
                            System.exit(2);
                        });
        ResultTable table = new ResultTable();
        double load = Machine.load();
        for (String name : names) {
            System.err.println("bench: " + name + " ...");
            run(all.get(name), top, Size.full(), table);
        }
        String text = page(load, table);
        System.out.println(text);
        if (names.size() == all.size()) {
            Path results = Files.createDirectories(top.resolve("bench/results"));
            Files.writeString(results.resolve(today() + ".md"), text);
        }
    }

    /** One benchmark, with processes and folders of its own. */
    static void run(Benchmark benchmark, Path top, Size size, ResultTable table) {
        try {
            // Short, because paths of sockets are.
            Path folder = Files.createTempDirectory("hvb");
            try (Processes processes = new Processes(top, folder)) {
                benchmark.run(new Benchmark.Setting(processes, size, table));
            } finally {
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static String today() {
        return LocalDate.ofInstant(Clock.system().now(), ZoneOffset.UTC).toString();
    }

    private static String page(double load, ResultTable table) {
        return String.format(
                Locale.ROOT,
                """
                # Benchmarks of %s

                %s. Processes that wanted a core in the minute before: %.1f.
                Made by `make bench`; what each row means is in [performance](../../docs/performance.md).

                %s\
                """,
                today(),
                Machine.shape(),
                load,
                table.markdown());
    }
}
