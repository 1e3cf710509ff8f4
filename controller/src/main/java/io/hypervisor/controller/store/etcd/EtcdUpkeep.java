package io.hypervisor.controller.store.etcd;

import io.hypervisor.controller.store.StoreException;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.HostPort;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/** Keeps the etcd small: drops old history, on behalf of the one that commits; tells its size. */
final class EtcdUpkeep implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EtcdUpkeep.class);
    private static final Duration SIZE_PERIOD = Duration.ofMinutes(1);

    private final EtcdClient client;
    private final EtcdConfig config;
    private final Executor executor;
    private final AtomicLong compactedAt = new AtomicLong();
    private final AtomicLong size = new AtomicLong();
    private final Tasks.Timer timer;

    EtcdUpkeep(EtcdClient client, EtcdConfig config, Tasks tasks, MeterRegistry metrics) {
        this.client = client;
        this.config = config;
        this.executor = tasks.concurrent("etcd-upkeep");
        metrics.gauge("hypervisor.store.etcd.bytes", size);
        this.timer = tasks.every(SIZE_PERIOD, executor, this::measure);
    }

    /** Compacts when twice the history to keep has gathered. */
    void committed(long revision) {
        long last = compactedAt.get();
        if (last == 0) {
            compactedAt.compareAndSet(0, revision);
        } else if (revision - last >= 2 * config.keepRevisions()
                && compactedAt.compareAndSet(last, revision - config.keepRevisions())) {
            executor.execute(() -> compact(revision - config.keepRevisions()));
        }
    }

    private void compact(long revision) {
        try {
            client.read(etcd -> etcd.getKVClient().compact(revision));
            log.info("event=compacted revision={}", revision);
        } catch (StoreException e) {
            // History waits for the next time; nothing else depends on it.
            log.warn("event=compaction_failed revision={} cause=\"{}\"", revision, e.getMessage());
        }
    }

    private void measure() {
        HostPort first = config.endpoints().getFirst();
        try {
            String scheme = config.tls().ca().isPresent() ? "https://" : "http://";
            size.set(
                    client.read(etcd -> etcd.getMaintenanceClient().statusMember(scheme + first))
                            .getDbSize());
        } catch (StoreException e) {
            log.debug("size of etcd unknown: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        timer.cancel();
    }
}
