package io.hypervisor.network.ovs;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The operations and values of RFC 7047, section 5. */
final class Ops {
    private Ops() {}

    /** Inserts a row, which others of the same transaction may refer to by {@link #named}. */
    static JsonObject insert(String table, String name, JsonObject row) {
        JsonObject op = op("insert", table);
        op.add("row", row);
        op.addProperty("uuid-name", name);
        return op;
    }

    static JsonObject update(String table, String uuid, JsonObject row) {
        JsonObject op = op("update", table);
        op.add("where", where(uuid));
        op.add("row", row);
        return op;
    }

    /** Adds to, or takes from, a set or map. */
    static JsonObject mutate(
            String table, String uuid, String column, String mutator, JsonElement value) {
        JsonObject op = op("mutate", table);
        op.add("where", where(uuid));
        op.add("mutations", array(array(text(column), text(mutator), value)));
        return op;
    }

    /** The same on a table's only row. */
    static JsonObject mutateRoot(String table, String column, String mutator, JsonElement value) {
        JsonObject op = mutate(table, "", column, mutator, value);
        op.add("where", new JsonArray());
        return op;
    }

    static JsonObject row() {
        return new JsonObject();
    }

    static JsonObject with(JsonObject row, String column, JsonElement value) {
        row.add(column, value);
        return row;
    }

    static JsonObject with(JsonObject row, String column, String value) {
        return with(row, column, text(value));
    }

    static JsonElement uuid(String uuid) {
        return array(text("uuid"), text(uuid));
    }

    static JsonElement named(String name) {
        return array(text("named-uuid"), text(name));
    }

    static JsonElement set(Collection<String> values) {
        var set = new JsonArray();
        values.forEach(set::add);
        return array(text("set"), set);
    }

    static JsonElement map(Map<String, String> values) {
        var pairs = new JsonArray();
        values.forEach((key, value) -> pairs.add(array(text(key), text(value))));
        return array(text("map"), pairs);
    }

    static JsonElement text(String text) {
        return new JsonPrimitive(text);
    }

    private static JsonObject op(String kind, String table) {
        var op = new JsonObject();
        op.addProperty("op", kind);
        op.addProperty("table", table);
        return op;
    }

    private static JsonArray where(String uuid) {
        return array(array(text("_uuid"), text("=="), uuid(uuid)));
    }

    private static JsonArray array(JsonElement... elements) {
        var array = new JsonArray();
        List.of(elements).forEach(array::add);
        return array;
    }
}
