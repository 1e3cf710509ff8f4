package io.hypervisor.controller.store.etcd;

import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A term that lasts as long as its lease. It counts itself as lost when etcd has not confirmed the
 * lease for as long as the lease lives, even if etcd says nothing.
 */
final class EtcdTerm implements Term {
    private static final Logger log = LoggerFactory.getLogger(EtcdTerm.class);

    private final EtcdClient client;
    private final Clock clock;
    private final Lease lease;
    private final long createRevision;
    private final long before;
    private final ReentrantLock turn = new ReentrantLock(true);
    private final Executor executor;
    private final Tasks.Timer timer;
    private final List<Runnable> endings = new ArrayList<>();
    private long confirmedAt;
    private boolean ended;
    // Guarded by turn.
    private long lastCommit;
    private long commits;

    /** A lease and when it was asked for. */
    record Lease(long id, Duration ttl, long grantedAt) {}

    EtcdTerm(
            EtcdClient client,
            Clock clock,
            Tasks tasks,
            Lease lease,
            long createRevision,
            long lastCommit) {
        this.client = client;
        this.clock = clock;
        this.lease = lease;
        this.createRevision = createRevision;
        this.before = lastCommit;
        this.lastCommit = lastCommit;
        this.confirmedAt = lease.grantedAt();
        this.executor = tasks.concurrent("etcd-lease");
        this.timer = tasks.every(lease.ttl().dividedBy(6), executor, this::tick);
    }

    /** Which creation of the election's key is this term's. */
    long createRevision() {
        return createRevision;
    }

    /** Whose turn it is to commit: one at a time. */
    ReentrantLock turn() {
        return turn;
    }

    /** A text that marks one commit among all. */
    String nextToken() {
        commits++;
        return createRevision + "/" + commits;
    }

    /** The revision that {@code !commits} has by what is known; 0 if there is none. */
    long lastCommit() {
        return lastCommit;
    }

    void committed(long revision) {
        lastCommit = revision;
    }

    /** Others write to this etcd, too, so that revisions say little. */
    @Override
    public long before(long first) {
        return before;
    }

    private void tick() {
        synchronized (this) {
            if (!ended && clock.nanos() - confirmedAt > lease.ttl().toNanos()) {
                log.warn("event=lease_unconfirmed for={}", lease.ttl());
                end();
            }
            if (ended) {
                return;
            }
        }
        long sentAt = clock.nanos();
        var _ =
                client.raw()
                        .getLeaseClient()
                        .keepAliveOnce(lease.id())
                        .whenComplete((answer, failure) -> heard(sentAt, answer, failure));
    }

    private synchronized void heard(long sentAt, LeaseKeepAliveResponse answer, Throwable failure) {
        if (failure == null && answer.getTTL() > 0) {
            confirmedAt = Math.max(confirmedAt, sentAt);
        } else if (failure == null || EtcdErrors.noSuchLease(failure)) {
            end();
        } else {
            log.debug("lease not confirmed: {}", failure.getMessage());
        }
    }

    private synchronized void end() {
        if (!ended) {
            ended = true;
            timer.cancel();
            endings.forEach(executor::execute);
            endings.clear();
        }
    }

    @Override
    public synchronized boolean held() {
        return !ended;
    }

    @Override
    public synchronized void onEnd(Runnable action) {
        if (ended) {
            executor.execute(action);
        } else {
            endings.add(action);
        }
    }

    /** Deletes the election's key with the lease, if etcd answers; else the lease runs out. */
    @Override
    public void close() {
        end();
        client.farewell(client.raw().getLeaseClient().revoke(lease.id()));
    }
}
