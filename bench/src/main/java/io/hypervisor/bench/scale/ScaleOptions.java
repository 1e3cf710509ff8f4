package io.hypervisor.bench.scale;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What to run.
 *
 * @param nodes how many simulated nodes
 * @param instances how many instances to create
 * @param inFlight creates that wait for their answer at one time
 * @param controllerHeap of the controller, as for -Xmx
 * @param controllerFlags further flags of the controller's JVM
 * @param heartbeatSeconds how often a node reports at least
 * @param strategy the controller's placement.strategy
 * @param note what a reader of the result has to know, such as what else ran
 */
record ScaleOptions(
        StoreKind store,
        int nodes,
        int instances,
        int inFlight,
        String controllerHeap,
        List<String> controllerFlags,
        int heartbeatSeconds,
        String strategy,
        String note) {

    /** Where the controller keeps its state. */
    enum StoreKind {
        ETCD,
        LOCAL;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Reads {@code key=value} arguments. Throws IllegalArgumentException for an unknown key. */
    static ScaleOptions parse(List<String> arguments) {
        Map<String, String> given = new HashMap<>();
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            if (parts.length != 2) {
                throw new IllegalArgumentException(
                        "argument: " + argument + " (expected: key=value)");
            }
            given.put(parts[0], parts[1]);
        }
        ScaleOptions options =
                new ScaleOptions(
                        StoreKind.valueOf(take(given, "store", "etcd").toUpperCase(Locale.ROOT)),
                        Integer.parseInt(take(given, "nodes", "6100")),
                        Integer.parseInt(take(given, "instances", "2000000")),
                        Integer.parseInt(take(given, "inflight", "1024")),
                        take(given, "heap", "8g"),
                        List.of(take(given, "jvm", "-XX:+UseParallelGC").split(" ")),
                        Integer.parseInt(take(given, "heartbeat", "30")),
                        take(given, "strategy", "spread"),
                        take(given, "note", ""));
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("arguments: " + given.keySet() + " are not known");
        }
        return options;
    }

    private static String take(Map<String, String> given, String key, String otherwise) {
        String value = given.remove(key);
        return value == null || value.isEmpty() ? otherwise : value;
    }
}
