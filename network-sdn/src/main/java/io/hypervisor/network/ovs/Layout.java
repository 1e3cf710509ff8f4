package io.hypervisor.network.ovs;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the database should hold for a node, less its ports: the integration bridge, the tunnel's
 * port, a patch to the bridge of each physical network. Pure: rows in, operations out.
 */
final class Layout {
    private static final String VERSION_OF_FLOWS = "OpenFlow15";
    private static final String VERSION_OF_PACKETS = "OpenFlow13";
    // The version that people's tools speak unless told otherwise.
    private static final List<String> PROTOCOLS =
            List.of("OpenFlow10", VERSION_OF_PACKETS, "OpenFlow14", VERSION_OF_FLOWS);

    private final SwitchConfig config;
    private final Tables tables;
    private final List<JsonObject> operations = new ArrayList<>();

    private Layout(SwitchConfig config, Tables tables) {
        this.config = config;
        this.tables = tables;
    }

    /** The operations that make the database as it should be; none if it is. */
    static List<JsonObject> operations(SwitchConfig config, Tables tables) {
        var layout = new Layout(config, tables);
        Optional<Row> bridge = tables.named("Bridge", config.bridge());
        if (bridge.isEmpty()) {
            // The next pass, on a bridge that is there, makes the rest.
            layout.insertBridge();
        } else {
            layout.checkBridge(bridge.get());
            layout.wanted().forEach((name, port) -> layout.ensure(name, port));
            layout.removeStale();
        }
        return layout.operations;
    }

    /** Why physical networks have no patch, by their names. */
    static Map<String, String> patchErrors(SwitchConfig config, Tables tables) {
        Map<String, String> errors = new TreeMap<>();
        config.bridgeMappings()
                .forEach(
                        (network, bridge) -> {
                            if (tables.named("Bridge", bridge).isEmpty()) {
                                errors.put(
                                        network,
                                        "bridge of bridge_mappings."
                                                + network
                                                + " does not exist: "
                                                + bridge);
                            }
                        });
        return errors;
    }

    private void insertBridge() {
        JsonObject device = Ops.with(Ops.row(), "name", config.bridge());
        Ops.with(device, "type", "internal");
        operations.add(Ops.insert("Interface", "device", device));
        JsonObject port = Ops.with(Ops.row(), "name", config.bridge());
        operations.add(
                Ops.insert("Port", "port", Ops.with(port, "interfaces", Ops.named("device"))));
        JsonObject bridge = bridgeColumns();
        Ops.with(bridge, "name", config.bridge());
        Ops.with(bridge, "ports", Ops.named("port"));
        Ops.with(bridge, "external_ids", Ops.map(Marks.of(config, Marks.BRIDGE)));
        operations.add(Ops.insert("Bridge", "bridge", bridge));
        operations.add(Ops.mutateRoot("Open_vSwitch", "bridges", "insert", Ops.named("bridge")));
    }

    private JsonObject bridgeColumns() {
        JsonObject columns = Ops.with(Ops.row(), "datapath_type", config.datapath());
        // Without flows of ours nothing passes, also right after a restart.
        Ops.with(columns, "fail_mode", "secure");
        Ops.with(columns, "protocols", Ops.set(PROTOCOLS));
        return Ops.with(columns, "controller", Ops.set(List.of()));
    }

    private void checkBridge(Row bridge) {
        if (!Marks.ours(config, bridge)) {
            throw new SwitchException(
                    "bridge %s exists without external_ids:%s=%s (expected: absent, or made by us)"
                            .formatted(config.bridge(), Marks.OWNER, config.bridge()));
        }
        boolean right =
                bridge.text("datapath_type").equals(config.datapath())
                        && bridge.text("fail_mode").equals("secure")
                        && bridge.texts("controller").isEmpty()
                        && bridge.texts("protocols").stream().sorted().toList().equals(PROTOCOLS);
        if (!right) {
            operations.add(Ops.update("Bridge", bridge.uuid(), bridgeColumns()));
        }
    }

    /** A port with one interface, and the bridge that it belongs into. */
    private record Wanted(String bridge, String type, String role, Map<String, String> options) {}

    private Map<String, Wanted> wanted() {
        Map<String, Wanted> wanted = new LinkedHashMap<>();
        if (!config.vtepIp().isEmpty()) {
            Map<String, String> options = new HashMap<>();
            options.put("remote_ip", "flow");
            options.put("key", "flow");
            options.put("local_ip", config.vtepIp());
            options.put("dst_port", Integer.toString(config.vtepPort()));
            wanted.put(
                    config.tunnelDevice(),
                    new Wanted(config.bridge(), "vxlan", Marks.TUNNEL, options));
        }
        config.bridgeMappings()
                .forEach(
                        (network, bridge) -> {
                            if (tables.named("Bridge", bridge).isPresent()) {
                                String here = config.patch(network);
                                String there = config.patchPeer(network);
                                wanted.put(here, patch(config.bridge(), there));
                                wanted.put(there, patch(bridge, here));
                            }
                        });
        return wanted;
    }

    private static Wanted patch(String bridge, String peer) {
        return new Wanted(bridge, "patch", Marks.PATCH, Map.of("peer", peer));
    }

    private void ensure(String name, Wanted wanted) {
        Optional<Row> there = tables.named("Interface", name);
        if (there.isEmpty()) {
            insert(name, wanted);
            return;
        }
        Row row = there.get();
        if (!Marks.has(config, row, wanted.role())) {
            throw new SwitchException("interface " + name + " exists and is not ours");
        }
        Row bridge = tables.named("Bridge", wanted.bridge()).orElseThrow();
        if (!bridge.texts("ports").contains(portOf(row))) {
            // It moved to another bridge, or a new one of the same name: the next pass inserts it.
            remove(row);
        } else if (!row.map("options").equals(wanted.options())) {
            JsonObject options = Ops.with(Ops.row(), "options", Ops.map(wanted.options()));
            operations.add(Ops.update("Interface", row.uuid(), options));
        }
    }

    private void insert(String name, Wanted wanted) {
        JsonObject device = Ops.with(Ops.row(), "type", wanted.type());
        Ops.with(device, "options", Ops.map(wanted.options()));
        Ops.with(device, "external_ids", Ops.map(Marks.of(config, wanted.role())));
        String bridge = tables.named("Bridge", wanted.bridge()).orElseThrow().uuid();
        operations.addAll(newPort(bridge, name, device, operations.size()));
    }

    /**
     * The operations for a port with one interface.
     *
     * @param device the interface's columns, less its name
     * @param number makes names unique within a transaction
     */
    static List<JsonObject> newPort(String bridgeUuid, String name, JsonObject device, int number) {
        JsonObject port = Ops.with(Ops.row(), "name", name);
        Ops.with(port, "interfaces", Ops.named("device" + number));
        return List.of(
                Ops.insert("Interface", "device" + number, Ops.with(device, "name", name)),
                Ops.insert("Port", "port" + number, port),
                Ops.mutate("Bridge", bridgeUuid, "ports", "insert", Ops.named("port" + number)));
    }

    /** The operations that write entries of a row's external_ids and leave the others. */
    static List<JsonObject> put(String table, String uuid, Map<String, String> entries) {
        JsonElement keys = Ops.set(entries.keySet());
        return List.of(
                Ops.mutate(table, uuid, "external_ids", "delete", keys),
                Ops.mutate(table, uuid, "external_ids", "insert", Ops.map(entries)));
    }

    private void removeStale() {
        Map<String, Wanted> wanted = wanted();
        for (Row row : tables.all("Interface")) {
            boolean laidOut =
                    Marks.has(config, row, Marks.TUNNEL) || Marks.has(config, row, Marks.PATCH);
            if (laidOut && !wanted.containsKey(row.text("name"))) {
                remove(row);
            }
        }
    }

    private void remove(Row device) {
        operations.addAll(removal(tables, device));
    }

    private String portOf(Row device) {
        return portOf(tables, device);
    }

    /** The operations that take an interface's port out of its bridge. */
    static List<JsonObject> removal(Tables tables, Row device) {
        String port = portOf(tables, device);
        return tables.all("Bridge").stream()
                .filter(bridge -> bridge.texts("ports").contains(port))
                .map(
                        bridge ->
                                Ops.mutate(
                                        "Bridge", bridge.uuid(), "ports", "delete", Ops.uuid(port)))
                .toList();
    }

    /** The port that holds an interface; empty: none, it is about to vanish. */
    static String portOf(Tables tables, Row device) {
        return tables.all("Port").stream()
                .filter(port -> port.texts("interfaces").contains(device.uuid()))
                .map(Row::uuid)
                .findFirst()
                .orElse("");
    }
}
