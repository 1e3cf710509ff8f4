package io.hypervisor.controller.store.history;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;
import io.hypervisor.controller.store.local.LocalStore;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/** A process around a SQLite store that takes orders from a pipe, until it is killed. */
final class StoreProcess {
    /** What it is asked for, each with a number. */
    enum Order {
        COMMIT,
        LOAD,
        FOLLOW,
        UNFOLLOW,
        STAND,
        WITHDRAW
    }

    /** What it says, each with the number of the order. */
    enum Word {
        REVISION,
        LOADED,
        FAILED,
        CHANGED,
        LOST,
        WON,
        ENDED
    }

    private final Store store;
    private final DataOutputStream out;
    private final Executor workers;
    private final Map<Integer, Store.Subscription> subscriptions = new ConcurrentHashMap<>();
    private final Map<Integer, Term> terms = new ConcurrentHashMap<>();

    private StoreProcess(Store store, DataOutputStream out, Executor workers) {
        this.store = store;
        this.out = out;
        this.workers = workers;
    }

    /** Starts one over this file. */
    static Process start(Path file) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StoreProcess.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    public static void main(String[] args) throws IOException {
        Tasks tasks = new VirtualTasks();
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
        StoreProcess process =
                new StoreProcess(
                        LocalStore.open(Path.of(args[0]), tasks), out, tasks.concurrent("order"));
        DataInputStream in = new DataInputStream(System.in);
        while (true) {
            process.take(in);
        }
    }

    private void take(DataInputStream in) throws IOException {
        Order order = Order.valueOf(in.readUTF());
        int number = in.readInt();
        switch (order) {
            case COMMIT -> {
                int term = in.readInt();
                List<Store.Write> writes = RemoteStore.readWrites(in);
                answer(number, () -> commit(number, terms.get(term), writes));
            }
            case LOAD -> answer(number, () -> load(number));
            case FOLLOW -> {
                long after = in.readLong();
                subscriptions.put(number, store.changes(after, new Teller(number)));
            }
            case UNFOLLOW, WITHDRAW -> subscriptions.get(number).close();
            case STAND ->
                    subscriptions.put(
                            number, store.campaign(in.readUTF(), term -> won(number, term)));
        }
    }

    private void answer(int number, Runnable call) {
        workers.execute(
                () -> {
                    try {
                        call.run();
                    } catch (StoreException e) {
                        say(
                                Word.FAILED,
                                number,
                                () -> {
                                    out.writeUTF(e.kind().name());
                                    out.writeUTF(e.getMessage());
                                });
                    }
                });
    }

    private void commit(int number, Term term, List<Store.Write> writes) {
        long revision = store.commit(term, writes);
        say(Word.REVISION, number, () -> out.writeLong(revision));
    }

    private void load(int number) {
        Store.Loaded loaded = store.load();
        say(
                Word.LOADED,
                number,
                () -> {
                    out.writeLong(loaded.revision());
                    out.writeInt(loaded.entries().size());
                    for (Store.Stored entry : loaded.entries()) {
                        out.writeUTF(entry.key());
                        RemoteStore.writeBytes(out, entry.value());
                        out.writeLong(entry.revision());
                    }
                });
    }

    private void won(int number, Term term) {
        terms.put(number, term);
        say(Word.WON, number, () -> {});
        term.onEnd(() -> say(Word.ENDED, number, () -> {}));
    }

    @FunctionalInterface
    private interface Body {
        void write() throws IOException;
    }

    private synchronized void say(Word word, int number, Body body) {
        try {
            out.writeUTF(word.name());
            out.writeInt(number);
            body.write();
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Passes changes on. */
    private final class Teller implements Store.ChangeListener {
        private final int number;

        Teller(int number) {
            this.number = number;
        }

        @Override
        public void changed(Store.Change change) {
            say(
                    Word.CHANGED,
                    number,
                    () -> {
                        out.writeLong(change.revision());
                        RemoteStore.writeWrites(out, change.writes());
                    });
        }

        @Override
        public void lost(StoreException cause) {
            say(Word.LOST, number, () -> out.writeUTF(cause.getMessage()));
        }
    }
}
