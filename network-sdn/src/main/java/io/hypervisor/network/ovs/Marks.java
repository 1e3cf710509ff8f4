package io.hypervisor.network.ovs;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Our entries in external_ids. They tell what is ours; everything else is somebody else's. */
final class Marks {
    /** Whose it is: the name of the integration bridge. */
    static final String OWNER = "hypervisor-bridge";

    /** What it is there for. */
    static final String ROLE = "hypervisor-role";

    /** A port's conntrack zone; on the bridge, the one that a port was given last. */
    static final String ZONE = "hypervisor-zone";

    /** Begins the keys of the bridge that tell the zones of what has no device. */
    static final String ZONE_OF = "hypervisor-zone-of-";

    /** Which port a device belongs to, as libvirt writes it too. */
    static final String PORT_ID = "iface-id";

    static final String BRIDGE = "bridge";
    static final String TUNNEL = "tunnel";
    static final String PATCH = "patch";

    /** A device that we plugged. */
    static final String PLUGGED = "plugged";

    /** A device that somebody else plugged for one of our ports. */
    static final String ADOPTED = "adopted";

    private Marks() {}

    static Map<String, String> of(SwitchConfig config, String role) {
        return Map.of(OWNER, config.bridge(), ROLE, role);
    }

    static Map<String, String> of(SwitchConfig config, String role, String portId, int zone) {
        Map<String, String> marks = new HashMap<>(of(config, role));
        marks.put(PORT_ID, portId);
        marks.put(ZONE, Integer.toString(zone));
        return marks;
    }

    static boolean ours(SwitchConfig config, Row row) {
        return config.bridge().equals(row.map("external_ids").get(OWNER));
    }

    static boolean has(SwitchConfig config, Row row, String role) {
        return ours(config, row) && role.equals(row.map("external_ids").get(ROLE));
    }

    /** The zone that a row names; 0: none. */
    static int zone(Row row) {
        return Zones.parse(row.map("external_ids").getOrDefault(ZONE, ""));
    }

    /** The zones of what has no device, by name, which the bridge's row names. */
    static Map<String, Integer> otherZones(Row bridge) {
        Map<String, Integer> zones = new TreeMap<>();
        bridge.map("external_ids")
                .forEach(
                        (key, value) -> {
                            if (key.startsWith(ZONE_OF)) {
                                zones.put(key.substring(ZONE_OF.length()), Zones.parse(value));
                            }
                        });
        return zones;
    }
}
