package io.hypervisor.controller.store.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Limits;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.etcd.EtcdCluster;
import io.hypervisor.controller.store.history.History.Reign;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Reads what happened below a prefix from etcd's HTTP gateway, before it is compacted. */
final class EtcdTruth {
    private final EtcdCluster cluster;
    private final String prefix;
    private final NavigableMap<Long, List<Store.Write>> revisions = new TreeMap<>();
    private final List<Reign> reigns = new ArrayList<>();
    private Optional<Reign> reign = Optional.empty();
    private long known;

    /** Of everything after this revision. */
    EtcdTruth(EtcdCluster cluster, String prefix, long after) {
        this.cluster = cluster;
        this.prefix = prefix;
        this.known = after;
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    private static String text(JsonObject json, String field) {
        return bytes(json, field).toStringUtf8();
    }

    private static ByteString bytes(JsonObject json, String field) {
        return json.has(field)
                ? ByteString.copyFrom(Base64.getDecoder().decode(json.get(field).getAsString()))
                : ByteString.EMPTY;
    }

    /** Reads up to now from this member, and returns the last revision read. */
    long read(int member) throws IOException {
        String mark =
                cluster.post(
                        member,
                        "/v3/kv/put",
                        "{\"key\":\"%s\"}".formatted(base64(prefix + "!mark")));
        long until = revision(JsonParser.parseString(mark).getAsJsonObject());
        String range =
                "{\"create_request\":{\"key\":\"%s\",\"range_end\":\"%s\",\"start_revision\":\"%d\"}}"
                        .formatted(base64(prefix), base64(prefix + "~"), known + 1);
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(cluster.stream(member, "/v3/watch", range), UTF_8))) {
            while (known < until) {
                take(JsonParser.parseString(lines.readLine()).getAsJsonObject());
            }
        }
        return known;
    }

    private static long revision(JsonObject answer) {
        return answer.getAsJsonObject("header").get("revision").getAsLong();
    }

    private void take(JsonObject line) {
        JsonObject result = line.getAsJsonObject("result");
        if (result.has("canceled")) {
            throw new IllegalStateException("after " + known + ": " + line);
        }
        JsonArray none = new JsonArray();
        JsonArray events = result.has("events") ? result.getAsJsonArray("events") : none;
        for (JsonElement event : events) {
            take(event.getAsJsonObject(), event.getAsJsonObject().getAsJsonObject("kv"));
        }
    }

    private void take(JsonObject event, JsonObject kv) {
        known = kv.get("mod_revision").getAsLong();
        boolean deleted = event.has("type") && event.get("type").getAsString().equals("DELETE");
        List<Store.Write> writes = revisions.computeIfAbsent(known, _ -> new ArrayList<>());
        String key = text(kv, "key").substring(prefix.length());
        if (key.equals("!leader")) {
            takeReign(deleted, text(kv, "value"));
        } else if (Limits.isKey(key)) {
            writes.add(
                    new Store.Write(
                            key, deleted ? Optional.empty() : Optional.of(bytes(kv, "value"))));
        }
    }

    private void takeReign(boolean deleted, String candidate) {
        reign.ifPresent(last -> reigns.add(new Reign(last.term(), last.from(), known)));
        reign =
                deleted
                        ? Optional.empty()
                        : Optional.of(new Reign(candidate, known, Long.MAX_VALUE));
    }

    List<Store.Change> changes() {
        return revisions.entrySet().stream()
                .map(entry -> new Store.Change(entry.getKey(), List.copyOf(entry.getValue())))
                .toList();
    }

    List<Reign> reigns() {
        Map<String, Reign> all = new HashMap<>();
        reigns.forEach(one -> all.put(one.term(), one));
        reign.ifPresent(last -> all.put(last.term(), last));
        return List.copyOf(all.values());
    }
}
