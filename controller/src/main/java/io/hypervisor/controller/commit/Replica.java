package io.hypervisor.controller.commit;

import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Tasks;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * One controller replica over a store: follows, stands for election, leads.
 *
 * <p>Out of sync → (load) → following → (wins a term, writes the LeaderRecord, and has applied all
 * changes up to it) → leading. A term that ends leads back to following; a commit with unknown
 * outcome, or lost changes, back to out of sync. Fields without volatile belong to {@link #thread}.
 */
public final class Replica implements Committer, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    // Two seconds' worth of small requests at full speed; more would only wait in vain.
    private static final int MAX_QUEUE = 10_000;
    private static final Backoff RETRY = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    // A new leader that does not see its own first write for so long has lost its changes.
    private static final Duration CATCH_UP = Duration.ofSeconds(5);

    private final Store store;
    private final ReplicaConfig config;
    private final Tasks tasks;
    private final Clock clock;
    private final Ids ids;
    private final Executor thread;
    private final Executor answers;
    private final Timer latency;
    private final DistributionSummary batchSize;
    private final Waiters waiters;

    private final LinkedBlockingDeque<Batch.Request<?>> queue =
            new LinkedBlockingDeque<>(MAX_QUEUE);
    private final AtomicBoolean drainDue = new AtomicBoolean();
    private volatile Snapshot snapshot = Snapshot.empty();
    private volatile Optional<Term> leading = Optional.empty();

    private final List<ChangeListener> listeners = new ArrayList<>();
    private final List<Consumer<Boolean>> leadershipListeners = new ArrayList<>();
    private Optional<Following> following = Optional.empty();
    private Optional<Reign> reign = Optional.empty();
    private Store.Subscription candidacy = () -> {};
    private int failures;
    private boolean started;
    private boolean stopped;

    /** A term and the revision of its LeaderRecord. */
    private record Reign(Term term, long since) {}

    /** A replica that does nothing until it is started. The store is not closed by it. */
    public Replica(
            Store store,
            ReplicaConfig config,
            Tasks tasks,
            Clock clock,
            Ids ids,
            MeterRegistry metrics) {
        this.store = store;
        this.config = config;
        this.tasks = tasks;
        this.clock = clock;
        this.ids = ids;
        this.thread = tasks.serial("replica");
        this.answers = tasks.concurrent("replica-answers");
        this.waiters = new Waiters(answers);
        this.latency =
                Timer.builder("hypervisor.commit.latency")
                        .description("time of one store transaction")
                        .publishPercentileHistogram()
                        .register(metrics);
        this.batchSize =
                DistributionSummary.builder("hypervisor.commit.batch")
                        .description("requests per store transaction")
                        .register(metrics);
        metrics.gauge("hypervisor.commit.queue", queue, LinkedBlockingDeque::size);
        metrics.gauge("hypervisor.commit.leading", this, replica -> replica.leading() ? 1 : 0);
    }

    /** Begins to load, follow and stand for election; returns at once. */
    public void start() {
        thread.execute(
                () -> {
                    if (!started) {
                        started = true;
                        synchronize();
                    }
                });
    }

    /** Gives leadership up and stops; completes when nothing more will be published. */
    public CompletableFuture<Void> stop() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        thread.execute(
                () -> {
                    started = true;
                    stopped = true;
                    desync();
                    waiters.fail(Fault.unavailable("STOPPING", "the controller is stopping"));
                    done.complete(null);
                });
        return done;
    }

    /** Stops and waits until it is done. */
    @Override
    public void close() {
        stop().join();
    }

    /** For those who wait for what it answers. */
    public Tasks tasks() {
        return tasks;
    }

    @Override
    public Snapshot snapshot() {
        return snapshot;
    }

    /** Whether this replica takes actions. */
    public boolean leading() {
        // The term may end while the thread still waits for the store.
        return leading.filter(Term::held).isPresent();
    }

    /** The newest known term's number: the revision of its LeaderRecord; 0 before the first. */
    public long term() {
        return snapshot.leader().map(Entry::revision).orElse(0L);
    }

    /** Where the newest known leader is; empty if that is unknown or was this process before. */
    public Optional<String> leaderAddress() {
        return snapshot.leader()
                .map(leader -> leader.value().getAddress())
                .filter(address -> leading() || !address.equals(config.address()));
    }

    /** Adds a listener; its first call is {@code reset}, at once if the state is loaded. */
    public void onChange(ChangeListener listener) {
        thread.execute(
                () -> {
                    listeners.add(listener);
                    if (following.isPresent()) {
                        tell(listener, one -> one.reset(snapshot));
                    }
                });
    }

    /** Tells, now and on every change, whether this replica leads; on the committing thread. */
    public void onLeadership(Consumer<Boolean> listener) {
        thread.execute(
                () -> {
                    leadershipListeners.add(listener);
                    tell(listener, one -> one.accept(leading.isPresent()));
                });
    }

    /**
     * The first published snapshot that is at least this new. Waits without end: the caller cancels
     * it at its deadline. RESOURCE_EXHAUSTED if too many wait.
     */
    public CompletableFuture<Snapshot> awaitRevision(long minRevision) {
        return waiters.await(minRevision, this::snapshot);
    }

    @Override
    public <R> CompletableFuture<R> submit(Action<R> action) {
        if (!leading()) {
            return CompletableFuture.failedFuture(notLeader());
        }
        Batch.Request<R> request = new Batch.Request<>(action, new CompletableFuture<>());
        if (!queue.offer(request)) {
            return CompletableFuture.failedFuture(
                    Fault.of(
                            Fault.Kind.RESOURCE_EXHAUSTED,
                            "TOO_MANY_REQUESTS",
                            MAX_QUEUE + " requests are waiting to be committed"));
        }
        scheduleDrain();
        return request.future();
    }

    private Fault notLeader() {
        Fault fault =
                Fault.unavailable("NOT_LEADER", "this replica of the controller does not lead");
        return leaderAddress().map(address -> fault.with("leader", address)).orElse(fault);
    }

    // ---- in and out of sync

    private void synchronize() {
        if (stopped) {
            return;
        }
        try {
            Snapshot loaded = Loading.snapshot(config.placement(), store.load());
            snapshot = loaded;
            Following now = new Following(thread, this::apply, this::resync);
            following = Optional.of(now);
            now.begin(store, loaded.revision());
            failures = 0;
            log.info("event=loaded revision={}", loaded.revision());
            listeners.forEach(listener -> tell(listener, one -> one.reset(loaded)));
            waiters.published(loaded);
            campaign();
        } catch (StoreException | IllegalArgumentException e) {
            failures++;
            Duration pause = RETRY.pause(failures);
            log.warn("event=load_failed retry_in={} cause=\"{}\"", pause, e.getMessage());
            tasks.after(pause, thread, this::synchronize);
        }
    }

    /** Ends candidacy, leadership and following; the last snapshot stays. */
    private void desync() {
        candidacy.close();
        candidacy = () -> {};
        endReign();
        following.ifPresent(Following::end);
        following = Optional.empty();
    }

    private void resync(String cause) {
        log.warn("event=resync cause=\"{}\"", cause);
        desync();
        synchronize();
    }

    private void apply(Store.Change change) {
        Snapshot before = snapshot;
        // As the leader it has published its own changes before the store tells it of them.
        if (change.revision() > before.revision()) {
            if (leading.isPresent()) {
                // Written by somebody else: no node may be told of it under this term.
                log.warn("event=deposed revision={}", change.revision());
                endReign();
                campaign();
            }
            List<Edit> edits = change.writes().stream().map(Edit::fromWrite).toList();
            publish(before, before.with(change.revision(), edits), edits);
        }
        lead();
    }

    private void publish(Snapshot before, Snapshot after, List<Edit> edits) {
        snapshot = after;
        listeners.forEach(listener -> tell(listener, one -> one.changed(before, after, edits)));
        waiters.published(after);
    }

    private static <L> void tell(L listener, Consumer<L> call) {
        try {
            call.accept(listener);
        } catch (RuntimeException e) {
            log.error("event=listener_failed", e);
        }
    }

    // ---- leadership

    private void campaign() {
        candidacy.close();
        candidacy = store.campaign(config.holder(), term -> thread.execute(() -> won(term)));
    }

    private void won(Term term) {
        if (following.isEmpty()) {
            term.close();
            return;
        }
        if (!term.held()) {
            // It ended before this was told of it, so nobody will say so again.
            term.close();
            campaign();
            return;
        }
        LeaderRecord record =
                LeaderRecord.newBuilder()
                        .setAddress(config.address())
                        .setHolder(config.holder())
                        .build();
        try {
            Edit edit = Edit.put(Table.LEADER, Table.SELF, record);
            Reign won = new Reign(term, store.commit(term, List.of(edit.toWrite())));
            if (won.since() <= snapshot.revision()) {
                term.close();
                resync("the store went back to revision " + won.since());
                return;
            }
            reign = Optional.of(won);
            term.onEnd(() -> thread.execute(() -> ended(won)));
            tasks.after(CATCH_UP, thread, () -> checkCaughtUp(won));
            lead();
        } catch (StoreException e) {
            log.warn("event=term_lost cause=\"{}\"", e.getMessage());
            term.close();
            campaignLater();
        }
    }

    private void campaignLater() {
        failures++;
        Optional<Following> now = following;
        tasks.after(
                RETRY.pause(failures),
                thread,
                () -> {
                    if (now.isPresent() && following.equals(now) && reign.isEmpty()) {
                        campaign();
                    }
                });
    }

    private void checkCaughtUp(Reign mine) {
        if (leading.isEmpty() && reign.filter(mine::equals).isPresent()) {
            resync("the term's first write at revision " + mine.since() + " was not heard of");
        }
    }

    /** Begins to lead if there is a term and everything before it is known. */
    private void lead() {
        if (leading.isPresent() || reign.isEmpty() || snapshot.revision() < reign.get().since()) {
            return;
        }
        if (!begin(reign.get())) {
            return;
        }
        failures = 0;
        setLeading(Optional.of(reign.get().term()));
        log.info("event=leading term={} revision={}", reign.get().since(), snapshot.revision());
    }

    /** Writes the term into the store's history, and a new store's cluster. */
    private boolean begin(Reign mine) {
        List<Edit> edits = Opening.edits(snapshot, mine.term(), mine.since(), config, ids, clock);
        try {
            long revision = store.commit(mine.term(), edits.stream().map(Edit::toWrite).toList());
            publish(snapshot, snapshot.with(revision, edits), edits);
            return true;
        } catch (StoreException e) {
            resync(e.getMessage());
            return false;
        }
    }

    private void ended(Reign ended) {
        if (reign.filter(ended::equals).isPresent()) {
            log.warn("event=term_ended term={}", ended.since());
            endReign();
            campaign();
        }
    }

    private void endReign() {
        Optional<Reign> last = reign;
        reign = Optional.empty();
        if (leading.isPresent()) {
            setLeading(Optional.empty());
        }
        refuseQueue();
        last.ifPresent(one -> one.term().close());
    }

    private void refuseQueue() {
        List<Batch.Request<?>> left = new ArrayList<>();
        queue.drainTo(left);
        left.forEach(request -> request.fail(notLeader()));
    }

    private void setLeading(Optional<Term> by) {
        leading = by;
        leadershipListeners.forEach(listener -> tell(listener, one -> one.accept(by.isPresent())));
    }

    // ---- commits

    private void scheduleDrain() {
        if (drainDue.compareAndSet(false, true)) {
            thread.execute(this::drain);
        }
    }

    private void drain() {
        drainDue.set(false);
        if (leading.isEmpty()) {
            // They slipped in while leadership ended.
            refuseQueue();
            return;
        }
        Batch batch = collect();
        if (batch.size() > 0) {
            commit(batch, reign.orElseThrow().term());
        }
        if (!queue.isEmpty()) {
            scheduleDrain();
        }
    }

    private Batch collect() {
        Batch batch = new Batch(snapshot);
        while (batch.open()) {
            Optional<Batch.Request<?>> request = Optional.ofNullable(queue.poll());
            if (request.isEmpty()) {
                break;
            }
            if (!batch.add(request.get(), snapshot.revision() + 1)) {
                // Room was just made by taking it, and another may have come in meanwhile.
                if (!queue.offerFirst(request.get())) {
                    request.get().fail(Fault.unavailable("BUSY", "too many requests at once"));
                }
                break;
            }
        }
        return batch;
    }

    private void commit(Batch batch, Term term) {
        Snapshot before = snapshot;
        if (batch.writes().isEmpty()) {
            answers.execute(() -> batch.succeed(before));
            return;
        }
        batchSize.record(batch.size());
        long began = clock.nanos();
        try {
            FaultPoint.CONTROLLER_COMMIT_BEGUN.reached();
            long revision = store.commit(term, batch.writes());
            FaultPoint.CONTROLLER_COMMIT_DONE.reached();
            latency.record(Duration.ofNanos(clock.nanos() - began));
            Snapshot after = batch.committed(before, revision);
            publish(before, after, batch.edits());
            FaultPoint.CONTROLLER_COMMIT_PUBLISHED.reached();
            answers.execute(() -> batch.succeed(after));
        } catch (StoreException e) {
            failed(batch, e);
        }
    }

    private void failed(Batch batch, StoreException cause) {
        log.warn("event=commit_failed kind={} cause=\"{}\"", cause.kind(), cause.getMessage());
        Fault fault =
                switch (cause.kind()) {
                    case FENCED -> notLeader();
                    case UNAVAILABLE ->
                            Fault.unavailable(
                                    "STORE_UNAVAILABLE",
                                    "the store did not take the change, nothing was changed: "
                                            + cause.getMessage());
                    case AMBIGUOUS ->
                            Fault.unavailable(
                                    "COMMIT_UNKNOWN",
                                    "the store did not confirm the change; it may have happened");
                };
        answers.execute(() -> batch.fail(fault));
        switch (cause.kind()) {
            case FENCED -> {
                endReign();
                campaign();
            }
            case UNAVAILABLE -> {}
            case AMBIGUOUS -> resync("a commit's outcome is not known");
        }
    }
}
