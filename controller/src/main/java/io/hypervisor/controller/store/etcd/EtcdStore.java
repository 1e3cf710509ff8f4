package io.hypervisor.controller.store.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.hypervisor.controller.store.Limits;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.StoreException.Kind;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.micrometer.core.instrument.MeterRegistry;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A store below a prefix of an etcd. */
public final class EtcdStore implements Store {
    private static final int PAGE = 1000;

    private final EtcdClient client;
    private final EtcdConfig config;
    private final Tasks tasks;
    private final Clock clock;
    private final EtcdKeys keys;
    private final EtcdUpkeep upkeep;
    private final List<Subscription> open = new ArrayList<>();
    private boolean closed;

    /**
     * Connects in the background; an etcd that is out of reach shows in the calls.
     *
     * @throws IllegalArgumentException without endpoints
     * @throws StoreException UNAVAILABLE if a file of the configuration cannot be read
     */
    public EtcdStore(EtcdConfig config, Tasks tasks, Clock clock, MeterRegistry metrics) {
        if (config.endpoints().isEmpty()) {
            throw new IllegalArgumentException("endpoints: value: [] (expected: at least one)");
        }
        this.client = new EtcdClient(config);
        this.config = config;
        this.tasks = tasks;
        this.clock = clock;
        this.keys = EtcdKeys.below(config.prefix());
        this.upkeep = new EtcdUpkeep(client, config, tasks, metrics);
    }

    static ByteString string(ByteSequence bytes) {
        return UnsafeByteOperations.unsafeWrap(bytes.getBytes());
    }

    /** The store's key of an entry, unless it is another's below our prefix. */
    static Optional<String> key(String prefix, KeyValue entry) {
        String key = entry.getKey().toString(StandardCharsets.UTF_8);
        return Optional.of(key)
                .filter(found -> found.startsWith(prefix))
                .map(found -> found.substring(prefix.length()))
                .filter(Limits::isKey);
    }

    private ByteSequence full(String key) {
        return EtcdClient.bytes(config.prefix() + key);
    }

    @Override
    public Loaded load() {
        requireOpen();
        // Keys begin with a letter, and '{' comes after 'z'.
        ByteSequence from = full("a");
        ByteSequence end = full("{");
        List<Stored> entries = new ArrayList<>();
        long revision = 0;
        while (true) {
            ByteSequence start = from;
            // The first page says at which revision the others are read.
            var option =
                    GetOption.builder()
                            .withRange(end)
                            .withLimit(PAGE)
                            .withRevision(revision)
                            .build();
            GetResponse page = client.read(etcd -> etcd.getKVClient().get(start, option));
            if (revision == 0) {
                revision = page.getHeader().getRevision();
            }
            page.getKvs().forEach(entry -> stored(entry).ifPresent(entries::add));
            if (!page.isMore()) {
                return new Loaded(revision, List.copyOf(entries));
            }
            from = page.getKvs().getLast().getKey().concat(ByteString.copyFrom(new byte[1]));
        }
    }

    private Optional<Stored> stored(KeyValue entry) {
        return key(config.prefix(), entry)
                .map(key -> new Stored(key, string(entry.getValue()), entry.getModRevision()));
    }

    @Override
    public long commit(Term term, List<Write> writes) {
        Limits.check(writes);
        requireOpen();
        if (!(term instanceof EtcdTerm mine)) {
            throw new IllegalArgumentException("term: " + term + " (expected: one of this store)");
        }
        if (!mine.held()) {
            throw new StoreException(Kind.FENCED, "the term has ended", null);
        }
        long revision = inTurn(mine, operations(writes));
        upkeep.committed(revision);
        return revision;
    }

    private long inTurn(EtcdTerm term, List<Op> operations) {
        try {
            if (!term.turn().tryLock(config.timeout().toNanos(), TimeUnit.NANOSECONDS)) {
                throw new StoreException(
                        Kind.UNAVAILABLE, "other commits have taken " + config.timeout(), null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted", e);
        }
        try {
            return new EtcdCommit(client, term, keys, operations).await(config.timeout(), clock);
        } finally {
            term.turn().unlock();
        }
    }

    private List<Op> operations(List<Write> writes) {
        List<Op> operations = new ArrayList<>();
        for (Write write : writes) {
            ByteSequence key = full(write.key());
            operations.add(
                    write.value()
                            .<Op>map(
                                    value ->
                                            Op.put(
                                                    key,
                                                    ByteSequence.from(value),
                                                    PutOption.DEFAULT))
                            .orElseGet(() -> Op.delete(key, DeleteOption.DEFAULT)));
        }
        return operations;
    }

    @Override
    public Subscription changes(long after, ChangeListener listener) {
        EtcdChanges changes = new EtcdChanges(client, config.prefix(), after, listener, tasks);
        keep(changes);
        changes.begin();
        return () -> release(changes);
    }

    @Override
    public Subscription campaign(String candidate, Consumer<Term> won) {
        EtcdCandidacy candidacy =
                new EtcdCandidacy(client, config, keys, candidate, won, tasks, clock);
        keep(candidacy);
        candidacy.begin();
        return () -> release(candidacy);
    }

    private synchronized void keep(Subscription subscription) {
        requireOpen();
        open.add(subscription);
    }

    private void release(Subscription subscription) {
        synchronized (this) {
            open.remove(subscription);
        }
        subscription.close();
    }

    private synchronized void requireOpen() {
        if (closed) {
            throw new StoreException(Kind.UNAVAILABLE, "the connection to etcd is closed", null);
        }
    }

    @Override
    public void close() {
        List<Subscription> left;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            left = List.copyOf(open);
            open.clear();
        }
        left.forEach(Subscription::close);
        upkeep.close();
        client.close();
    }
}
