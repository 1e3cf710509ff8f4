package io.hypervisor.network.ovs;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Reads what the switch has from its database's rows. Pure. */
final class State {
    private State() {}

    static SwitchState of(SwitchConfig config, Tables tables, boolean reachable) {
        Map<String, Integer> patches = new TreeMap<>();
        Map<String, String> patchErrors = new TreeMap<>(Layout.patchErrors(config, tables));
        for (String network : config.bridgeMappings().keySet()) {
            tables.named("Interface", config.patch(network))
                    .ifPresent(
                            row -> {
                                if (ofport(row) != 0) {
                                    patches.put(network, ofport(row));
                                } else if (!row.text("error").isEmpty()) {
                                    patchErrors.put(network, row.text("error"));
                                }
                            });
        }
        List<Row> tunnel =
                tables
                        .named("Interface", config.tunnelDevice())
                        .filter(row -> Marks.has(config, row, Marks.TUNNEL))
                        .stream()
                        .toList();
        return new SwitchState(
                reachable,
                tunnel.stream().mapToInt(State::ofport).sum(),
                tunnel.isEmpty() ? "" : tunnel.getFirst().text("error"),
                patches,
                patchErrors,
                bridge(config, tables).map(Marks::otherZones).orElse(Map.of()),
                devices(config, tables).stream()
                        .map(row -> attachment(config, row))
                        .sorted(Comparator.comparing(Attachment::device))
                        .toList());
    }

    private static Attachment attachment(SwitchConfig config, Row row) {
        return new Attachment(
                row.text("name"),
                row.map("external_ids").get(Marks.PORT_ID),
                row.texts("ofport").isEmpty() ? (int) row.number("ofport_request") : ofport(row),
                Marks.zone(row),
                Marks.has(config, row, Marks.PLUGGED),
                row.number("ofport") > 0,
                row.text("error"));
    }

    /** A failed interface has -1. */
    private static int ofport(Row row) {
        return (int) Math.max(row.number("ofport"), 0);
    }

    /** The integration bridge, if it is there and ours. */
    static Optional<Row> bridge(SwitchConfig config, Tables tables) {
        return tables.named("Bridge", config.bridge()).filter(row -> Marks.ours(config, row));
    }

    /** The interfaces in the integration bridge that belong to a port. */
    static List<Row> devices(SwitchConfig config, Tables tables) {
        Set<String> ports = new HashSet<>();
        bridge(config, tables).ifPresent(bridge -> ports.addAll(bridge.texts("ports")));
        Set<String> interfaces = new HashSet<>();
        tables.all("Port").stream()
                .filter(port -> ports.contains(port.uuid()))
                .forEach(port -> interfaces.addAll(port.texts("interfaces")));
        return tables.all("Interface").stream()
                .filter(row -> interfaces.contains(row.uuid()))
                .filter(row -> row.map("external_ids").containsKey(Marks.PORT_ID))
                .toList();
    }

    /** The zones in use, by the uuids of devices and the names of what has none. */
    static Map<String, Integer> zones(SwitchConfig config, Tables tables) {
        Map<String, Integer> zones = new HashMap<>();
        bridge(config, tables).ifPresent(row -> zones.putAll(Marks.otherZones(row)));
        for (Row row : devices(config, tables)) {
            if (Marks.zone(row) != 0) {
                zones.put(row.uuid(), Marks.zone(row));
            }
        }
        return zones;
    }
}
