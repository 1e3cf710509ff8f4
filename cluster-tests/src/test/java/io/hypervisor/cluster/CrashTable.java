package io.hypervisor.cluster;

import io.hypervisor.cluster.CrashPlan.Lane;
import io.hypervisor.cluster.CrashPlan.Round;
import io.hypervisor.cluster.CrashPlan.Victim;
import io.hypervisor.core.FaultPoint;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The cells that held, and how long everything took to agree at most, as a table of text. */
final class CrashTable {
    private final Map<FaultPoint, Map<Victim, Set<Lane>>> cells = new TreeMap<>();
    private final Map<FaultPoint, Duration> longest = new TreeMap<>();

    void add(Round round, Duration duration) {
        round.held()
                .forEach(
                        (lane, point) -> {
                            cells.computeIfAbsent(point, p -> new EnumMap<>(Victim.class))
                                    .computeIfAbsent(round.victim(), v -> new TreeSet<>())
                                    .add(lane);
                            longest.merge(point, duration, (a, b) -> a.compareTo(b) > 0 ? a : b);
                        });
    }

    /**
     * C create, S stop, R run again (start), D delete; capitals for VMs, small for containers, with
     * a dash for microVMs.
     */
    private static String letters(Set<Lane> lanes) {
        StringBuilder letters = new StringBuilder();
        for (Lane lane : lanes) {
            String letter =
                    switch (lane.operation()) {
                        case "CREATE" -> "C";
                        case "STOP" -> "S";
                        case "START" -> "R";
                        default -> "D";
                    };
            letters.append(
                    switch (lane.kind()) {
                        case VM -> letter;
                        case CONTAINER -> letter.toLowerCase(Locale.ROOT);
                        case MICROVM -> "-" + letter.toLowerCase(Locale.ROOT);
                    });
        }
        return letters.toString();
    }

    @Override
    public String toString() {
        Set<Victim> columns = new TreeSet<>();
        cells.values().forEach(victims -> columns.addAll(victims.keySet()));
        StringBuilder table = new StringBuilder();
        table.append("crash matrix: C create, S stop, R start, D delete; capitals: VM, small:");
        table.append(" container, with a dash: microVM\n%-38s".formatted("point"));
        columns.forEach(
                victim -> table.append("%-18s".formatted(victim.name().toLowerCase(Locale.ROOT))));
        table.append("agrees in\n");
        cells.forEach(
                (point, victims) -> {
                    table.append("%-38s".formatted(point.fileName()));
                    columns.forEach(
                            victim ->
                                    table.append(
                                            "%-18s"
                                                    .formatted(
                                                            letters(
                                                                    victims.getOrDefault(
                                                                            victim, Set.of())))));
                    table.append("%.1f s%n".formatted(longest.get(point).toMillis() / 1000.0));
                });
        long count =
                cells.values().stream()
                        .flatMap(victims -> victims.values().stream())
                        .mapToLong(Set::size)
                        .sum();
        return table.append(count).append(" cells").toString();
    }
}
