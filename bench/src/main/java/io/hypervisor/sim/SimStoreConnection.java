package io.hypervisor.sim;

import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** A controller's way to the store: requests and answers travel, get lost, and come late. */
final class SimStoreConnection implements Store {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final long RETRY = Duration.ofMillis(200).toNanos();

    private final SimStore server;
    private final Kernel kernel;
    private final SimProcess process;
    private final int index;
    private final RandomGenerator random;
    private final Store store;
    private final Executor events;
    private boolean closed;

    SimStoreConnection(SimStore server, MemoryStore memory, SimProcess process, int index) {
        this.server = server;
        this.kernel = process.kernel();
        this.process = process;
        this.index = index;
        this.random = kernel.generator();
        this.store = memory.connect();
        this.events = process.tasks().serial("store-events");
        // Whatever it held ends with its lease.
        process.onEnd(() -> kernel.after(SimStore.LEASE, store::close));
    }

    String machine() {
        return process.machine().name();
    }

    SimProcess process() {
        return process;
    }

    SimStore server() {
        return server;
    }

    int index() {
        return index;
    }

    /** Runs at the server some time later; while the way is cut, when it is mended. */
    void toServer(Runnable action) {
        kernel.after(travel(), () -> arrive(machine(), SimStore.NAME, action));
    }

    /** Runs here some time later, in the order of sending. */
    void toClient(Runnable action) {
        kernel.after(travel(), () -> arrive(SimStore.NAME, machine(), action));
    }

    private void arrive(String from, String to, Runnable action) {
        if (server.network().open(from, to)) {
            action.run();
        } else {
            kernel.after(RETRY, () -> arrive(from, to, action));
        }
    }

    private long travel() {
        long slow = server.faults().slow;
        return server.network().latency() + (slow == 0 ? 0 : random.nextLong(slow));
    }

    private boolean happens(double share) {
        return share > 0 && random.nextDouble() < share;
    }

    private static StoreException unavailable(String message) {
        return new StoreException(StoreException.Kind.UNAVAILABLE, message, null);
    }

    private static StoreException ambiguous(String message) {
        return new StoreException(StoreException.Kind.AMBIGUOUS, message, null);
    }

    @Override
    public Loaded load() {
        requireOpen();
        process.effect("store load");
        if (happens(server.faults().unavailable)) {
            throw unavailable("the store does not answer");
        }
        return ask(store::load, false);
    }

    @Override
    public long commit(Term term, List<Write> writes) {
        requireOpen();
        process.effect("store commit");
        if (happens(server.faults().unavailable)) {
            throw unavailable("the store does not answer");
        }
        SimTerm mine = (SimTerm) term;
        if (happens(server.faults().ambiguous)) {
            kernel.note(process.name(), "commit becomes ambiguous");
            if (random.nextInt(3) > 0) {
                // Now, or much later, as long as the term stands.
                long late = random.nextBoolean() ? 0 : random.nextLong(TIMEOUT.toNanos() * 2);
                kernel.after(late, () -> toServer(() -> applyLate(mine, writes)));
            }
            // Not knowing comes at once when a connection breaks, before the change itself does.
            long wait = random.nextBoolean() ? 0 : random.nextLong(TIMEOUT.toNanos());
            process.tasks().pause(Duration.ofNanos(wait));
            throw ambiguous("the store did not answer in time");
        }
        long revision = ask(() -> apply(mine, writes), true);
        process.effect("store committed " + revision);
        return revision;
    }

    private void applyLate(SimTerm term, List<Write> writes) {
        try {
            apply(term, writes);
        } catch (StoreException e) {
            kernel.note(process.name(), "late commit is refused: " + e.kind());
        }
    }

    /** At the server. */
    private long apply(SimTerm term, List<Write> writes) {
        long revision = store.commit(term.held(store), writes);
        server.committed(new Cluster.Committed(revision, writes, index, term.number()));
        return revision;
    }

    /** Sends a request and waits for its answer. */
    private <R> R ask(Supplier<R> request, boolean changes) {
        CompletableFuture<R> answer = new CompletableFuture<>();
        toServer(
                () -> {
                    try {
                        R result = request.get();
                        toClient(() -> answer.complete(result));
                    } catch (StoreException e) {
                        toClient(() -> answer.completeExceptionally(e));
                    }
                });
        try {
            return process.tasks().await(answer, TIMEOUT);
        } catch (TimeoutException e) {
            throw changes ? ambiguous("no answer in time") : unavailable("no answer in time");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StoreException cause) {
                throw cause;
            }
            throw new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Subscription changes(long after, ChangeListener listener) {
        return new SimChanges(this, store, after, listener);
    }

    @Override
    public Subscription campaign(String candidate, Consumer<Term> won) {
        return new SimTerm.Candidacy(this, store, won);
    }

    /** Runs here, one after the other. */
    void here(Runnable action) {
        if (process.alive()) {
            events.execute(action);
        }
    }

    boolean losesChanges() {
        return happens(server.faults().lost);
    }

    private void requireOpen() {
        if (closed) {
            throw unavailable("the connection is closed");
        }
    }

    @Override
    public void close() {
        closed = true;
        toServer(store::close);
    }
}
