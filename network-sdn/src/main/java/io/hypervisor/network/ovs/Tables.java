package io.hypervisor.network.ovs;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What the database holds at one moment, as far as it is monitored. */
record Tables(Map<String, Map<String, Row>> rows) {
    static final Tables NONE = new Tables(Map.of());

    Collection<Row> all(String table) {
        return rows.getOrDefault(table, Map.of()).values();
    }

    Optional<Row> row(String table, String uuid) {
        return Optional.ofNullable(rows.getOrDefault(table, Map.of()).get(uuid));
    }

    Optional<Row> named(String table, String name) {
        return all(table).stream().filter(row -> row.text("name").equals(name)).findFirst();
    }

    /** This after a table-updates of RFC 7047, which may be the first: all rows. */
    Tables with(JsonObject updates) {
        Map<String, Map<String, Row>> next = new HashMap<>(rows);
        for (Map.Entry<String, JsonElement> table : updates.entrySet()) {
            Map<String, Row> changed = new HashMap<>(next.getOrDefault(table.getKey(), Map.of()));
            table.getValue()
                    .getAsJsonObject()
                    .asMap()
                    .forEach((uuid, update) -> put(changed, uuid, update.getAsJsonObject()));
            next.put(table.getKey(), changed);
        }
        return new Tables(next);
    }

    private static void put(Map<String, Row> rows, String uuid, JsonObject update) {
        if (update.has("new")) {
            rows.put(uuid, Row.of(uuid, update.getAsJsonObject("new")));
        } else {
            rows.remove(uuid);
        }
    }
}
