package io.hypervisor.controller.store.etcd;

import com.google.protobuf.ByteString;

import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.common.exception.CompactedException;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Follows the changes below the prefix by one watch after the other, each from where the last one
 * ended.
 *
 * <p>The client would resume a broken watch by itself, but from the store's revision at its
 * creation, even if older events had yet to come. So the second "created" of a watch ends it here,
 * and a new one begins at the known position.
 */
final class EtcdChanges implements Store.Subscription {
    private static final Logger log = LoggerFactory.getLogger(EtcdChanges.class);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final EtcdClient client;
    private final String prefix;
    private final Store.ChangeListener listener;
    private final Tasks tasks;
    // Responses queue up here while the listener is slow; the store's users bound what is written.
    private final Executor executor;
    private long position;
    private int generation;
    private boolean ended;
    private Optional<Watch.Watcher> watcher = Optional.empty();

    EtcdChanges(
            EtcdClient client,
            String prefix,
            long after,
            Store.ChangeListener listener,
            Tasks tasks) {
        this.client = client;
        this.prefix = prefix;
        this.position = after;
        this.listener = listener;
        this.tasks = tasks;
        this.executor = tasks.serial("etcd-changes");
    }

    void begin() {
        executor.execute(this::watch);
    }

    /** Begins a new watch; what the old ones still say does not count. */
    private void watch() {
        Feed feed;
        synchronized (this) {
            if (ended) {
                return;
            }
            generation++;
            feed = new Feed(generation);
        }
        WatchOption option =
                WatchOption.builder()
                        .withRevision(position + 1)
                        .isPrefix(true)
                        .withCreateNotify(true)
                        // A member that lost its cluster would say nothing for ever.
                        .withRequireLeader(true)
                        .build();
        Watch.Watcher next =
                client.raw().getWatchClient().watch(EtcdClient.bytes(prefix), option, feed);
        boolean late;
        synchronized (this) {
            late = ended;
            watcher = Optional.of(next);
        }
        if (late) {
            next.close();
        }
    }

    private void again() {
        stopWatcher();
        tasks.after(PAUSE, executor, this::watch);
    }

    private void stopWatcher() {
        Optional<Watch.Watcher> last;
        synchronized (this) {
            generation++;
            last = watcher;
            watcher = Optional.empty();
        }
        last.ifPresent(Watch.Watcher::close);
    }

    private synchronized boolean current(int of) {
        return !ended && generation == of;
    }

    @Override
    public void close() {
        synchronized (this) {
            ended = true;
        }
        stopWatcher();
    }

    /** One watch, until it breaks. */
    private final class Feed implements Watch.Listener {
        private final int mine;
        private boolean created;

        Feed(int mine) {
            this.mine = mine;
        }

        @Override
        public void onNext(WatchResponse response) {
            inOrder(() -> take(response));
        }

        @Override
        public void onError(Throwable failure) {
            inOrder(() -> broken(failure));
        }

        @Override
        public void onCompleted() {
            inOrder(EtcdChanges.this::again);
        }

        private void inOrder(Runnable action) {
            executor.execute(
                    () -> {
                        if (current(mine)) {
                            action.run();
                        }
                    });
        }

        private void take(WatchResponse response) {
            if (response.isCreatedNotify()) {
                if (created) {
                    again();
                }
                created = true;
                return;
            }
            List<Store.Write> writes = new ArrayList<>();
            long revision = 0;
            for (WatchEvent event : response.getEvents()) {
                long at = event.getKeyValue().getModRevision();
                if (at != revision) {
                    deliver(revision, writes);
                    writes = new ArrayList<>();
                    revision = at;
                }
                write(event).ifPresent(writes::add);
            }
            deliver(revision, writes);
        }

        private void deliver(long revision, List<Store.Write> writes) {
            if (revision > position && current(mine)) {
                listener.changed(new Store.Change(revision, List.copyOf(writes)));
                position = revision;
            }
        }

        private Optional<Store.Write> write(WatchEvent event) {
            KeyValue entry = event.getKeyValue();
            Optional<ByteString> value =
                    event.getEventType() == WatchEvent.EventType.DELETE
                            ? Optional.empty()
                            : Optional.of(EtcdStore.string(entry.getValue()));
            return EtcdStore.key(prefix, entry).map(key -> new Store.Write(key, value));
        }

        private void broken(Throwable failure) {
            if (failure instanceof CompactedException) {
                close();
                listener.lost(
                        new StoreException(
                                StoreException.Kind.UNAVAILABLE,
                                "changes after revision " + position + " are compacted",
                                failure));
            } else {
                log.debug("watch broken at revision {}: {}", position, failure.getMessage());
                again();
            }
        }
    }
}
