package io.hypervisor.network.ovs;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * A row of the database with the columns that are monitored.
 *
 * @param sets columns that hold values: one, a set, or none; references as the uuids
 * @param maps columns that hold maps of strings
 */
record Row(String uuid, Map<String, List<String>> sets, Map<String, Map<String, String>> maps) {
    /** From the notation of RFC 7047. */
    static Row of(String uuid, JsonObject columns) {
        Map<String, List<String>> sets = new HashMap<>();
        Map<String, Map<String, String>> maps = new HashMap<>();
        columns.asMap()
                .forEach(
                        (name, value) -> {
                            if (is(value, "map")) {
                                maps.put(name, map(value));
                            } else {
                                sets.put(name, set(value));
                            }
                        });
        return new Row(uuid, sets, maps);
    }

    private static boolean is(JsonElement value, String kind) {
        return value.isJsonArray() && value.getAsJsonArray().get(0).getAsString().equals(kind);
    }

    private static Map<String, String> map(JsonElement value) {
        Map<String, String> map = new LinkedHashMap<>();
        for (JsonElement pair : value.getAsJsonArray().get(1).getAsJsonArray()) {
            JsonArray entry = pair.getAsJsonArray();
            map.put(atom(entry.get(0)), atom(entry.get(1)));
        }
        return map;
    }

    private static List<String> set(JsonElement value) {
        if (!is(value, "set")) {
            return List.of(atom(value));
        }
        JsonArray set = value.getAsJsonArray().get(1).getAsJsonArray();
        return StreamSupport.stream(set.spliterator(), false).map(Row::atom).toList();
    }

    private static String atom(JsonElement value) {
        return value.isJsonArray()
                ? value.getAsJsonArray().get(1).getAsString()
                : value.getAsString();
    }

    /** The column's value, which may be an empty set; empty for that. */
    String text(String column) {
        List<String> values = texts(column);
        return values.isEmpty() ? "" : values.getFirst();
    }

    /** The column's number; an empty set is 0. */
    long number(String column) {
        String text = text(column);
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }

    /** All values of a set. */
    List<String> texts(String column) {
        return sets.getOrDefault(column, List.of());
    }

    /** A map of strings. */
    Map<String, String> map(String column) {
        return maps.getOrDefault(column, Map.of());
    }
}
