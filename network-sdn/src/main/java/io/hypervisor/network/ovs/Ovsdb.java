package io.hypervisor.network.ovs;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;

import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A client of an OVSDB server (RFC 7047) that keeps a copy of what it monitors, and comes back by
 * itself. After a transaction of its own the copy holds what that wrote.
 */
final class Ovsdb implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Ovsdb.class);

    private final Path socket;
    private final String database;
    private final Map<String, List<String>> monitored;
    private final Runnable changed;
    private final Reconnecting<JsonRpc> connection;
    private volatile boolean connected;
    private volatile Tables tables = Tables.NONE;

    /**
     * Not connected yet.
     *
     * @param monitored the columns to keep a copy of, by table
     * @param changed told of every change of the copy, and when the connection comes or goes; must
     *     not block
     */
    Ovsdb(
            Path socket,
            String database,
            Map<String, List<String>> monitored,
            Tasks tasks,
            Runnable changed) {
        this.socket = socket;
        this.database = database;
        this.monitored = monitored;
        this.changed = changed;
        this.connection = new Reconnecting<>("OVSDB at " + socket, tasks, this::open, this::ended);
    }

    /** Begins to connect. */
    void start() {
        connection.start();
    }

    /** Whether the copy is complete and kept up to date. */
    boolean connected() {
        return connected;
    }

    /** The copy; the last one known while out of touch. */
    Tables tables() {
        return tables;
    }

    /**
     * Does all operations or none. A failure may come after they were done, if the connection died
     * in between: look at the copy once it is back.
     *
     * @return what each operation tells, in order
     */
    List<JsonObject> transact(List<JsonObject> operations) {
        // What the copy does not hold yet might be written a second time.
        if (!connected) {
            throw new SwitchException("OVSDB at " + socket + ": not connected");
        }
        List<JsonElement> params = new ArrayList<>();
        params.add(Ops.text(database));
        params.addAll(operations);
        var answer = new CompletableFuture<JsonElement>();
        JsonElement result =
                connection.ask(
                        open -> {
                            open.call("transact", params, answer);
                            return answer;
                        });
        return results(operations, result.getAsJsonArray());
    }

    /** Errors come inside the result: of an operation, or after all when the commit fails. */
    private static List<JsonObject> results(List<JsonObject> operations, JsonArray result) {
        List<JsonObject> results = new ArrayList<>();
        for (int i = 0; i < result.size(); i++) {
            if (result.get(i).isJsonNull()) {
                continue;
            }
            JsonObject one = result.get(i).getAsJsonObject();
            if (one.has("error")) {
                String where = i < operations.size() ? operations.get(i).toString() : "commit";
                throw new SwitchException(
                        "OVSDB refuses " + where + ": " + one.get("error") + " " + details(one));
            }
            results.add(one);
        }
        return results;
    }

    private static String details(JsonObject error) {
        return error.has("details") ? error.get("details").toString() : "";
    }

    private JsonRpc open() throws IOException {
        JsonRpc session = JsonRpc.connect(socket, this::notified);
        var rows = new CompletableFuture<JsonElement>();
        var _ =
                rows.thenAccept(answer -> monitoring(answer.getAsJsonObject()))
                        .whenComplete((done, error) -> refused(session, error));
        session.call("monitor", monitorParams(), rows);
        return session;
    }

    private List<JsonElement> monitorParams() {
        var requests = new JsonObject();
        monitored.forEach(
                (table, names) -> {
                    var columns = new JsonArray();
                    names.forEach(columns::add);
                    requests.add(table, Ops.with(Ops.row(), "columns", columns));
                });
        return List.of(Ops.text(database), JsonNull.INSTANCE, requests);
    }

    private void monitoring(JsonObject rows) {
        tables = Tables.NONE.with(rows);
        connected = true;
        changed.run();
    }

    private void refused(JsonRpc session, Throwable error) {
        if (error != null) {
            log.debug("OVSDB at {}: cannot monitor: {}", socket, error.getMessage());
            session.close();
        }
    }

    private void notified(String method, JsonArray params) {
        if (method.equals("update")) {
            tables = tables.with(params.get(1).getAsJsonObject());
            changed.run();
        }
    }

    private void ended() {
        if (connected) {
            connected = false;
            changed.run();
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
