package io.hypervisor.controller.store.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Looks again and again whether the election's key is free, and then tries to create it. */
final class EtcdCandidacy implements Store.Subscription {
    private static final Logger log = LoggerFactory.getLogger(EtcdCandidacy.class);

    // Three replicas that look five times a second are no load; a lease takes much longer to end.
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final EtcdClient client;
    private final EtcdConfig config;
    private final EtcdKeys keys;
    private final ByteSequence candidate;
    private final Consumer<Term> won;
    private final Tasks tasks;
    private final Clock clock;
    private final Executor executor;
    private Optional<EtcdTerm> term = Optional.empty();
    private boolean closed;
    private boolean reported;

    EtcdCandidacy(
            EtcdClient client,
            EtcdConfig config,
            EtcdKeys keys,
            String candidate,
            Consumer<Term> won,
            Tasks tasks,
            Clock clock) {
        this.client = client;
        this.config = config;
        this.keys = keys;
        this.candidate = EtcdClient.bytes(candidate);
        this.won = won;
        this.tasks = tasks;
        this.clock = clock;
        this.executor = tasks.concurrent("etcd-election");
    }

    void begin() {
        executor.execute(this::attempt);
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private void attempt() {
        if (isClosed()) {
            return;
        }
        try {
            Optional<EtcdTerm> gained = free() ? create() : Optional.empty();
            reported = false;
            if (gained.isPresent()) {
                accept(gained.get());
                return;
            }
        } catch (StoreException e) {
            if (!reported) {
                log.warn("event=election_unreachable cause=\"{}\"", e.getMessage());
                reported = true;
            }
        }
        tasks.after(PAUSE, executor, this::attempt);
    }

    private boolean free() {
        var option = GetOption.builder().withKeysOnly(true).build();
        return client.read(etcd -> etcd.getKVClient().get(keys.leader(), option))
                .getKvs()
                .isEmpty();
    }

    private Optional<EtcdTerm> create() {
        long grantedAt = clock.nanos();
        long ttl = config.leaseTtl().toSeconds();
        long lease = client.read(etcd -> etcd.getLeaseClient().grant(ttl)).getID();
        TxnResponse answer;
        try {
            var put = PutOption.builder().withLeaseId(lease).build();
            answer =
                    client.await(
                            etcd ->
                                    etcd.getKVClient()
                                            .txn()
                                            .If(
                                                    new Cmp(
                                                            keys.leader(),
                                                            Cmp.Op.EQUAL,
                                                            CmpTarget.createRevision(0)))
                                            .Then(
                                                    Op.put(keys.leader(), candidate, put),
                                                    Op.get(keys.commits(), GetOption.DEFAULT))
                                            .commit());
        } catch (ExecutionException e) {
            // If it was created after all, the lease, which nobody keeps alive, takes it away.
            throw EtcdErrors.ofCommit(e.getCause());
        } catch (TimeoutException e) {
            throw EtcdErrors.ofCommit(e);
        }
        if (!answer.isSucceeded()) {
            client.farewell(client.raw().getLeaseClient().revoke(lease));
            return Optional.empty();
        }
        long created = answer.getHeader().getRevision();
        long lastCommit =
                answer.getGetResponses().getFirst().getKvs().stream()
                        .mapToLong(KeyValue::getModRevision)
                        .findFirst()
                        .orElse(0);
        EtcdTerm.Lease granted = new EtcdTerm.Lease(lease, config.leaseTtl(), grantedAt);
        return Optional.of(new EtcdTerm(client, clock, tasks, granted, created, lastCommit));
    }

    private void accept(EtcdTerm gained) {
        synchronized (this) {
            if (!closed) {
                term = Optional.of(gained);
            }
        }
        if (isClosed()) {
            gained.close();
        } else {
            won.accept(gained);
        }
    }

    @Override
    public void close() {
        Optional<EtcdTerm> held;
        synchronized (this) {
            closed = true;
            held = term;
            term = Optional.empty();
        }
        held.ifPresent(EtcdTerm::close);
    }
}
