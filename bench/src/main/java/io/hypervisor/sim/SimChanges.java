package io.hypervisor.sim;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;

import java.util.ArrayDeque;
import java.util.Queue;

/** Changes on their way from the store to one follower, in order; it may lose them. */
final class SimChanges implements Store.Subscription {
    private final SimStoreConnection connection;
    private final Store.ChangeListener listener;
    private final Queue<Runnable> underWay = new ArrayDeque<>();
    private Store.Subscription subscription = () -> {};
    private boolean closed;

    SimChanges(
            SimStoreConnection connection, Store store, long after, Store.ChangeListener listener) {
        this.connection = connection;
        this.listener = listener;
        connection.toServer(() -> begin(store, after));
    }

    private void begin(Store store, long after) {
        if (closed) {
            return;
        }
        subscription =
                store.changes(
                        after,
                        new Store.ChangeListener() {
                            @Override
                            public void changed(Store.Change change) {
                                if (connection.losesChanges()) {
                                    lose("the stream broke");
                                } else {
                                    send(() -> listener.changed(change));
                                }
                            }

                            @Override
                            public void lost(StoreException cause) {
                                send(() -> listener.lost(cause));
                            }
                        });
    }

    private void lose(String why) {
        subscription.close();
        connection.process().kernel().note(SimStore.NAME, "loses a follower's changes");
        StoreException cause = new StoreException(StoreException.Kind.UNAVAILABLE, why, null);
        send(() -> listener.lost(cause));
    }

    /** Each travels on its own; what arrives first makes the oldest one be told. */
    private void send(Runnable call) {
        underWay.add(call);
        connection.toClient(
                () -> {
                    Runnable oldest = underWay.remove();
                    connection.here(
                            () -> {
                                if (!closed) {
                                    oldest.run();
                                }
                            });
                });
    }

    @Override
    public void close() {
        closed = true;
        connection.toServer(subscription::close);
    }
}
