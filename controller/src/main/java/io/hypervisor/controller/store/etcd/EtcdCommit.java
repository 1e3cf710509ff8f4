package io.hypervisor.controller.store.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.StoreException.Kind;
import io.hypervisor.core.Clock;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One commit, which is sent again while no answer comes: a member that dies or hangs takes its
 * answers along, and another one knows.
 *
 * <p>That is safe because each copy has the condition that {@code !commits} is still as the term's
 * last commit left it: at most one applies. A copy that finds it changed reads there which commit
 * changed it, and at which revision.
 */
final class EtcdCommit {
    // Answers take milliseconds. Doubled each time, for an etcd that is slow because of its load,
    // but not to longer than its members take to elect a leader.
    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);
    // A member that answers with an error does so at once, and an election takes a second.
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final EtcdClient client;
    private final EtcdTerm term;
    private final EtcdKeys keys;
    private final ByteSequence token;
    private final Op[] operations;
    private Optional<StoreException> failure = Optional.empty();
    // Whether a copy may have applied, or may yet.
    private boolean unresolved;

    /** Only one of a term's commits may be under way. */
    EtcdCommit(EtcdClient client, EtcdTerm term, EtcdKeys keys, List<Op> writes) {
        this.client = client;
        this.term = term;
        this.keys = keys;
        this.token = EtcdClient.bytes(term.nextToken());
        List<Op> all = new ArrayList<>(writes);
        all.add(Op.put(keys.commits(), token, PutOption.DEFAULT));
        this.operations = all.toArray(Op[]::new);
    }

    /** Its revision, or an exception that says what is known after that time. */
    long await(Duration timeout, Clock clock) {
        long began = clock.nanos();
        long wait = FIRST_WAIT.toNanos();
        while (true) {
            long left = timeout.toNanos() - (clock.nanos() - began);
            if (left <= 0 && failure.isPresent()) {
                throw known(failure.get());
            }
            OptionalLong revision = attempt(Math.min(wait, Math.max(left, 1)));
            if (revision.isPresent()) {
                term.committed(revision.getAsLong());
                return revision.getAsLong();
            }
            wait = Math.min(2 * wait, LONGEST_WAIT.toNanos());
        }
    }

    private OptionalLong attempt(long nanos) {
        TxnResponse answer;
        try {
            answer = send().get(nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            failed(new StoreException(Kind.AMBIGUOUS, "etcd: no answer in time", e));
            return OptionalLong.empty();
        } catch (ExecutionException e) {
            failed(EtcdErrors.ofCommit(e.getCause()));
            new CompletableFuture<Void>()
                    .completeOnTimeout(null, PAUSE.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
            return OptionalLong.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.AMBIGUOUS, "etcd: interrupted", e);
        }
        return answer.isSucceeded()
                ? OptionalLong.of(answer.getHeader().getRevision())
                : found(answer);
    }

    private CompletableFuture<TxnResponse> send() {
        return client.raw()
                .getKVClient()
                .txn()
                .If(
                        new Cmp(
                                keys.leader(),
                                Cmp.Op.EQUAL,
                                CmpTarget.createRevision(term.createRevision())),
                        new Cmp(
                                keys.commits(),
                                Cmp.Op.EQUAL,
                                CmpTarget.modRevision(term.lastCommit())))
                .Then(operations)
                .Else(
                        Op.get(keys.leader(), GetOption.builder().withKeysOnly(true).build()),
                        Op.get(keys.commits(), GetOption.DEFAULT))
                .commit();
    }

    /** Goes on only where another copy may tell more, or a new leader of etcd may take it. */
    private void failed(StoreException cause) {
        failure = Optional.of(cause);
        unresolved |= cause.kind() == Kind.AMBIGUOUS;
        if (!unresolved && !EtcdErrors.noLeader(cause.getCause())) {
            throw cause;
        }
    }

    private StoreException known(StoreException last) {
        return unresolved && last.kind() != Kind.AMBIGUOUS
                ? new StoreException(Kind.AMBIGUOUS, last.getMessage(), last)
                : last;
    }

    /** The condition did not hold: our own earlier copy, one of an earlier commit, or the end. */
    private OptionalLong found(TxnResponse answer) {
        boolean reigns =
                first(answer, 0)
                        .filter(leader -> leader.getCreateRevision() == term.createRevision())
                        .isPresent();
        Optional<KeyValue> commits = first(answer, 1);
        long changed = commits.map(KeyValue::getModRevision).orElse(0L);
        if (commits.filter(entry -> entry.getValue().equals(token)).isPresent()) {
            return OptionalLong.of(changed);
        }
        if (reigns) {
            // An earlier commit of unknown outcome; from here on, no copy of it can apply.
            term.committed(changed);
            return OptionalLong.empty();
        }
        if (unresolved && changed != term.lastCommit()) {
            // Whether we wrote before our successors did cannot be seen any more.
            throw new StoreException(Kind.AMBIGUOUS, "another term has begun meanwhile", null);
        }
        throw new StoreException(Kind.FENCED, "another term has begun", null);
    }

    private static Optional<KeyValue> first(TxnResponse answer, int get) {
        return answer.getGetResponses().get(get).getKvs().stream().findFirst();
    }
}
