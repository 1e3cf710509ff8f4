package io.hypervisor.controller.store.local;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;

import io.hypervisor.controller.store.ChangeLog;
import io.hypervisor.controller.store.Election;
import io.hypervisor.controller.store.Limits;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.StoreException.Kind;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Tasks;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A store in one SQLite file. Opening creates it; the folder must exist. */
public final class LocalStore implements Store {
    /** Of the file's layout, in its user_version. */
    private static final int LAYOUT = 1;

    /** Marks the file as ours in its application_id: "hvst". */
    private static final int APPLICATION = 0x68767374;

    // Enough for a follower that was busy for seconds; small enough to forget about.
    private static final int HISTORY_REVISIONS = 10_000;
    private static final long HISTORY_BYTES = 64L << 20;

    private final Path file;
    private final FileLock lock;
    private final Connection connection;
    private Statements statements;
    private final Election election;
    private final ChangeLog log;
    private long revision;
    private boolean closed;

    // Whether the file's revision must be read again, because a commit failed half-way.
    private boolean stale;

    // Whether the statements must be prepared again: one that failed is closed by the driver.
    private boolean broken;

    private record Statements(
            PreparedStatement begin,
            PreparedStatement put,
            PreparedStatement delete,
            PreparedStatement setRevision,
            PreparedStatement commit) {
        static Statements prepare(Connection connection) throws SQLException {
            return new Statements(
                    connection.prepareStatement("BEGIN IMMEDIATE"),
                    connection.prepareStatement(
                            "INSERT INTO entries (key, value, revision) VALUES (?, ?, ?)"
                                    + " ON CONFLICT (key) DO UPDATE SET"
                                    + " value = excluded.value, revision = excluded.revision"),
                    connection.prepareStatement("DELETE FROM entries WHERE key = ?"),
                    connection.prepareStatement("UPDATE counter SET revision = ?"),
                    connection.prepareStatement("COMMIT"));
        }

        void close() throws SQLException {
            for (PreparedStatement one : List.of(begin, put, delete, setRevision, commit)) {
                one.close();
            }
        }
    }

    /**
     * Opens the file.
     *
     * @throws StoreException UNAVAILABLE if another process has it open, it is no store of ours or
     *     of a newer layout, or the disk fails
     */
    public static LocalStore open(Path file, Tasks tasks) {
        FileLock lock = FileLock.take(file);
        try {
            return new LocalStore(file, lock, tasks);
        } catch (SQLException e) {
            lock.close();
            throw new StoreException(Kind.UNAVAILABLE, "cannot open " + file + ": " + e, e);
        } catch (StoreException e) {
            lock.close();
            throw e;
        }
    }

    private LocalStore(Path file, FileLock lock, Tasks tasks) throws SQLException {
        this.file = file;
        this.lock = lock;
        this.connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try {
            prepare();
            this.statements = Statements.prepare(connection);
            this.revision = readRevision();
        } catch (SQLException | StoreException e) {
            connection.close();
            throw e;
        }
        this.election = new Election(tasks);
        this.log = new ChangeLog(tasks, HISTORY_REVISIONS, HISTORY_BYTES, revision);
    }

    static StoreException unavailable(String message) {
        return new StoreException(Kind.UNAVAILABLE, message, null);
    }

    private void prepare() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            int layout = readInt(statement, "PRAGMA user_version");
            int application = readInt(statement, "PRAGMA application_id");
            boolean empty = readInt(statement, "SELECT count(*) FROM sqlite_schema") == 0;
            if (!empty && (application != APPLICATION || layout != LAYOUT)) {
                throw unavailable(
                        "%s has application id %#x and layout %d (expected: %#x and %d)"
                                .formatted(file, application, layout, APPLICATION, LAYOUT));
            }
            statement.execute("PRAGMA journal_mode = WAL");
            statement.execute("PRAGMA synchronous = FULL");
            statement.execute("PRAGMA temp_store = MEMORY");
            if (empty) {
                create(statement);
            }
        }
    }

    private static void create(Statement statement) throws SQLException {
        statement.execute("BEGIN IMMEDIATE");
        statement.execute(
                "CREATE TABLE entries (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL,"
                        + " revision INTEGER NOT NULL)");
        statement.execute("CREATE TABLE counter (revision INTEGER NOT NULL)");
        statement.execute("INSERT INTO counter VALUES (0)");
        statement.execute("PRAGMA application_id = " + APPLICATION);
        statement.execute("PRAGMA user_version = " + LAYOUT);
        statement.execute("COMMIT");
    }

    private static int readInt(Statement statement, String query) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            return row.getInt(1);
        }
    }

    private long readRevision() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT revision FROM counter")) {
            return row.getLong(1);
        }
    }

    @Override
    public synchronized Loaded load() {
        requireOpen();
        List<Stored> entries = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            refresh();
            try (ResultSet row =
                    statement.executeQuery("SELECT key, value, revision FROM entries")) {
                while (row.next()) {
                    ByteString value = UnsafeByteOperations.unsafeWrap(row.getBytes(2));
                    entries.add(new Stored(row.getString(1), value, row.getLong(3)));
                }
            }
        } catch (SQLException e) {
            throw new StoreException(Kind.UNAVAILABLE, "cannot read " + file + ": " + e, e);
        }
        // The table in its own order and a sort are faster than a walk along the key's index.
        entries.sort(Comparator.comparing(Stored::key));
        return new Loaded(revision, List.copyOf(entries));
    }

    @Override
    public synchronized long commit(Term term, List<Write> writes) {
        Limits.check(writes);
        requireOpen();
        if (!election.holds(term)) {
            throw new StoreException(Kind.FENCED, "the term has ended", null);
        }
        List<Write> effective = new ArrayList<>();
        try {
            refresh();
            repair();
            statements.begin.execute();
            for (Write write : writes) {
                if (apply(write, revision + 1)) {
                    effective.add(write);
                }
            }
            statements.setRevision.setLong(1, revision + 1);
            statements.setRevision.executeUpdate();
        } catch (SQLException e) {
            rollback(e);
            throw new StoreException(Kind.UNAVAILABLE, "cannot write " + file + ": " + e, e);
        }
        try {
            statements.commit.execute();
        } catch (SQLException e) {
            throw uncertain(e);
        }
        revision++;
        log.append(new Change(revision, List.copyOf(effective)));
        return revision;
    }

    /** Whether the write changed anything. */
    private boolean apply(Write write, long next) throws SQLException {
        Optional<ByteString> value = write.value();
        if (value.isEmpty()) {
            statements.delete.setString(1, write.key());
            return statements.delete.executeUpdate() > 0;
        }
        statements.put.setString(1, write.key());
        statements.put.setBytes(2, value.get().toByteArray());
        statements.put.setLong(3, next);
        statements.put.executeUpdate();
        return true;
    }

    /** The commit itself failed: whether it counts is what the file says now. */
    private StoreException uncertain(SQLException cause) {
        String message = "cannot commit to " + file + ": " + cause;
        long before = revision;
        stale = true;
        rollback(cause);
        try {
            refresh();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
        boolean nothing = !stale && revision == before;
        return new StoreException(nothing ? Kind.UNAVAILABLE : Kind.AMBIGUOUS, message, cause);
    }

    private void rollback(SQLException cause) {
        broken = true;
        try (Statement statement = connection.createStatement()) {
            statement.execute("ROLLBACK");
        } catch (SQLException e) {
            // SQLite has often rolled back by itself already, and says so by this.
            cause.addSuppressed(e);
        }
    }

    /** Takes the file's word for the revision; followers that miss changes by it have to load. */
    private void refresh() throws SQLException {
        if (stale) {
            long before = revision;
            revision = readRevision();
            if (revision != before) {
                log.forget(revision);
            }
            stale = false;
        }
    }

    private void repair() throws SQLException {
        if (broken) {
            statements.close();
            statements = Statements.prepare(connection);
            broken = false;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw unavailable(file + " is closed");
        }
    }

    @Override
    public Subscription changes(long after, ChangeListener listener) {
        return log.follow(after, listener);
    }

    @Override
    public Subscription campaign(String candidate, Consumer<Term> won) {
        return election.campaign(won);
    }

    @Override
    public void close() {
        election.close();
        log.close();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            try {
                connection.close();
            } catch (SQLException e) {
                throw new StoreException(Kind.UNAVAILABLE, "cannot close " + file, e);
            } finally {
                lock.close();
            }
        }
    }
}
