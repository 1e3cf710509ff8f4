package io.hypervisor.controller.store.history;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Triggers in the store's file that write down, with each commit, what it changes. */
final class LocalTruth {
    private static final List<String> TRIGGERS =
            List.of(
                    "CREATE TABLE history (key TEXT, value BLOB, revision INTEGER)",
                    "CREATE TRIGGER inserted AFTER INSERT ON entries BEGIN INSERT INTO history"
                            + " VALUES (NEW.key, NEW.value, NEW.revision); END",
                    "CREATE TRIGGER updated AFTER UPDATE ON entries BEGIN INSERT INTO history"
                            + " VALUES (NEW.key, NEW.value, NEW.revision); END",
                    // The counter grows at the end of a commit.
                    "CREATE TRIGGER deleted AFTER DELETE ON entries BEGIN INSERT INTO history"
                            + " SELECT OLD.key, NULL, revision + 1 FROM counter; END",
                    "CREATE TRIGGER counted AFTER UPDATE ON counter BEGIN INSERT INTO history"
                            + " VALUES (NULL, NULL, NEW.revision); END");

    private LocalTruth() {}

    /** Begins to write down; nobody else may have the file open. */
    static void install(Path file) throws SQLException {
        try (Connection connection = open(file);
                Statement statement = connection.createStatement()) {
            for (String trigger : TRIGGERS) {
                statement.execute(trigger);
            }
        }
    }

    private static Connection open(Path file) throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + file);
    }

    /** What was written down. */
    static List<Store.Change> read(Path file) throws SQLException {
        NavigableMap<Long, List<Store.Write>> revisions = new TreeMap<>();
        try (Connection connection = open(file);
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT key, value, revision FROM history")) {
            while (row.next()) {
                List<Store.Write> writes =
                        revisions.computeIfAbsent(row.getLong(3), _ -> new ArrayList<>());
                Optional<ByteString> value =
                        Optional.ofNullable(row.getBytes(2)).map(ByteString::copyFrom);
                Optional.ofNullable(row.getString(1))
                        .ifPresent(key -> writes.add(new Store.Write(key, value)));
            }
        }
        return revisions.entrySet().stream()
                .map(entry -> new Store.Change(entry.getKey(), List.copyOf(entry.getValue())))
                .toList();
    }
}
