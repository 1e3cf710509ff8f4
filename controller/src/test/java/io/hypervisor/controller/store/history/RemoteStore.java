package io.hypervisor.controller.store.history;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.StoreException.Kind;
import io.hypervisor.controller.store.Term;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A store in another process, over a pipe. When that process dies, what was answered still counts,
 * unanswered commits are ambiguous and terms end.
 */
final class RemoteStore implements Store {
    private final Process process;
    private final DataOutputStream out;
    private final AtomicInteger numbers = new AtomicInteger();
    private final Map<Integer, CompletableFuture<Object>> calls = new ConcurrentHashMap<>();
    private final Map<Integer, ChangeListener> listeners = new ConcurrentHashMap<>();
    private final Map<Integer, Candidacy> candidacies = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private boolean dead;

    /** Over a process that runs {@link StoreProcess}. */
    RemoteStore(Process process) {
        this.process = process;
        this.out = new DataOutputStream(process.getOutputStream());
        Thread.ofVirtual().name("remote-store").start(this::listen);
    }

    /** Kills the process as a power cut would, and returns when its last word has been heard. */
    void kill() {
        // Unlike the process itself, its handle leaves the output open to be read to the end.
        process.toHandle().destroyForcibly();
        ended.join();
    }

    private void listen() {
        try (DataInputStream in = new DataInputStream(process.getInputStream())) {
            while (true) {
                hear(in);
            }
        } catch (IOException end) {
            end();
        }
    }

    private void hear(DataInputStream in) throws IOException {
        StoreProcess.Word word = StoreProcess.Word.valueOf(in.readUTF());
        int number = in.readInt();
        switch (word) {
            // What is cut off in the middle is no answer: read it whole before it counts.
            case REVISION -> answer(number, in.readLong());
            case LOADED -> answer(number, loaded(in));
            case FAILED -> {
                Kind kind = Kind.valueOf(in.readUTF());
                StoreException failure = new StoreException(kind, in.readUTF(), null);
                calls.remove(number).completeExceptionally(failure);
            }
            case CHANGED -> {
                Change change = new Change(in.readLong(), readWrites(in));
                Optional.ofNullable(listeners.get(number)).ifPresent(one -> one.changed(change));
            }
            case LOST -> {
                StoreException cause = new StoreException(Kind.UNAVAILABLE, in.readUTF(), null);
                Optional.ofNullable(listeners.get(number)).ifPresent(one -> one.lost(cause));
            }
            case WON -> candidacies.get(number).win();
            case ENDED -> candidacies.get(number).end();
        }
    }

    private void answer(int number, Object answer) {
        calls.remove(number).complete(answer);
    }

    private static Loaded loaded(DataInputStream in) throws IOException {
        long revision = in.readLong();
        int size = in.readInt();
        List<Stored> entries = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            entries.add(new Stored(in.readUTF(), readBytes(in), in.readLong()));
        }
        return new Loaded(revision, entries);
    }

    private void end() {
        synchronized (this) {
            dead = true;
        }
        StoreException cause = new StoreException(Kind.AMBIGUOUS, "the process died", null);
        calls.values().forEach(call -> call.completeExceptionally(cause));
        candidacies.values().forEach(Candidacy::end);
        ended.complete(null);
    }

    /** What is sent, after the word and the number. */
    @FunctionalInterface
    private interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    private synchronized void send(StoreProcess.Order order, int number, Body body) {
        try {
            out.writeUTF(order.name());
            out.writeInt(number);
            body.write(out);
            out.flush();
        } catch (IOException e) {
            throw new StoreException(Kind.AMBIGUOUS, "the process is dead", e);
        }
    }

    private Object call(StoreProcess.Order order, Body body) {
        int number = numbers.incrementAndGet();
        CompletableFuture<Object> answer = new CompletableFuture<>();
        synchronized (this) {
            if (dead) {
                throw new StoreException(Kind.UNAVAILABLE, "the process is dead", null);
            }
            calls.put(number, answer);
        }
        send(order, number, body);
        try {
            return answer.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof StoreException failure) {
                throw failure;
            }
            throw e;
        }
    }

    @Override
    public Loaded load() {
        return (Loaded) call(StoreProcess.Order.LOAD, _ -> {});
    }

    @Override
    public long commit(Term term, List<Write> writes) {
        int candidacy = ((Candidacy) term).number;
        return (Long)
                call(
                        StoreProcess.Order.COMMIT,
                        body -> {
                            body.writeInt(candidacy);
                            writeWrites(body, writes);
                        });
    }

    @Override
    public Subscription changes(long after, ChangeListener listener) {
        int number = numbers.incrementAndGet();
        listeners.put(number, listener);
        send(StoreProcess.Order.FOLLOW, number, body -> body.writeLong(after));
        return () -> {
            listeners.remove(number);
            tell(StoreProcess.Order.UNFOLLOW, number);
        };
    }

    @Override
    public Subscription campaign(String candidate, Consumer<Term> won) {
        Candidacy candidacy = new Candidacy(numbers.incrementAndGet(), won);
        candidacies.put(candidacy.number, candidacy);
        send(StoreProcess.Order.STAND, candidacy.number, body -> body.writeUTF(candidate));
        return () -> tell(StoreProcess.Order.WITHDRAW, candidacy.number);
    }

    /** Says something that is without effect on a dead process. */
    private void tell(StoreProcess.Order order, int number) {
        synchronized (this) {
            if (dead) {
                return;
            }
        }
        try {
            send(order, number, _ -> {});
        } catch (StoreException e) {
            // It died just now.
        }
    }

    @Override
    public void close() {
        kill();
    }

    static void writeWrites(DataOutputStream out, List<Write> writes) throws IOException {
        out.writeInt(writes.size());
        for (Write write : writes) {
            out.writeUTF(write.key());
            out.writeBoolean(write.value().isPresent());
            if (write.value().isPresent()) {
                writeBytes(out, write.value().get());
            }
        }
    }

    static List<Write> readWrites(DataInputStream in) throws IOException {
        int size = in.readInt();
        List<Write> writes = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            String key = in.readUTF();
            writes.add(
                    new Write(
                            key, in.readBoolean() ? Optional.of(readBytes(in)) : Optional.empty()));
        }
        return writes;
    }

    static void writeBytes(DataOutputStream out, ByteString bytes) throws IOException {
        out.writeInt(bytes.size());
        bytes.writeTo(out);
    }

    private static ByteString readBytes(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        // A process that dies in the middle of a value has not told it: fewer bytes are an end.
        in.readFully(bytes);
        return ByteString.copyFrom(bytes);
    }

    /** A candidacy and, once it is won, its term. */
    private final class Candidacy implements Term {
        private final int number;
        private final Consumer<Term> won;
        private final CompletableFuture<Void> over = new CompletableFuture<>();

        Candidacy(int number, Consumer<Term> won) {
            this.number = number;
            this.won = won;
        }

        void win() {
            Thread.ofVirtual().name("remote-won").start(() -> won.accept(this));
        }

        void end() {
            over.complete(null);
        }

        @Override
        public boolean held() {
            return !over.isDone();
        }

        @Override
        public void onEnd(Runnable action) {
            var _ =
                    over.thenRunAsync(
                            action, task -> Thread.ofVirtual().name("remote-end").start(task));
        }

        @Override
        public void close() {
            tell(StoreProcess.Order.WITHDRAW, number);
        }
    }
}
