package io.hypervisor.network.ovs;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** A row of the database with the columns that are monitored, in the notation of RFC 7047. */
record Row(String uuid, JsonObject columns) {
    /** The column's value, which may be an empty set; empty for that. */
    String text(String column) {
        List<JsonElement> values = values(column);
        return values.isEmpty() ? "" : atom(values.getFirst());
    }

    /** The column's number; an empty set is 0. */
    long number(String column) {
        List<JsonElement> values = values(column);
        return values.isEmpty() ? 0 : values.getFirst().getAsLong();
    }

    /** All values of a set; references as the uuids. */
    List<String> texts(String column) {
        return values(column).stream().map(Row::atom).toList();
    }

    /** A map of strings. */
    Map<String, String> map(String column) {
        Map<String, String> map = new LinkedHashMap<>();
        JsonElement value = columns.get(column);
        if (value != null) {
            for (JsonElement pair : value.getAsJsonArray().get(1).getAsJsonArray()) {
                JsonArray entry = pair.getAsJsonArray();
                map.put(atom(entry.get(0)), atom(entry.get(1)));
            }
        }
        return map;
    }

    private List<JsonElement> values(String column) {
        JsonElement value = columns.get(column);
        if (value == null) {
            return List.of();
        }
        if (value.isJsonArray() && value.getAsJsonArray().get(0).getAsString().equals("set")) {
            JsonArray set = value.getAsJsonArray().get(1).getAsJsonArray();
            return StreamSupport.stream(set.spliterator(), false).toList();
        }
        return List.of(value);
    }

    private static String atom(JsonElement value) {
        return value.isJsonArray()
                ? value.getAsJsonArray().get(1).getAsString()
                : value.getAsString();
    }
}
