package io.hypervisor.controller.commit;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;

import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** Hands the store's changes over to the replica's thread, until it is ended there. */
final class Following implements Store.ChangeListener {
    // Whoever is further behind than this is faster by loading anew.
    private static final int MAX_BEHIND = 10_000;

    private final Executor thread;
    private final Consumer<Store.Change> apply;
    private final Consumer<String> lost;
    private final LinkedBlockingQueue<Store.Change> pending = new LinkedBlockingQueue<>(MAX_BEHIND);
    private Store.Subscription subscription = () -> {};
    private boolean ended;

    Following(Executor thread, Consumer<Store.Change> apply, Consumer<String> lost) {
        this.thread = thread;
        this.apply = apply;
        this.lost = lost;
    }

    void begin(Store store, long after) {
        subscription = store.changes(after, this);
    }

    void end() {
        ended = true;
        subscription.close();
    }

    @Override
    public void changed(Store.Change change) {
        if (pending.offer(change)) {
            thread.execute(this::takeOne);
        } else {
            onThread(() -> lost.accept(MAX_BEHIND + " changes behind"));
        }
    }

    @Override
    public void lost(StoreException cause) {
        onThread(() -> lost.accept(cause.getMessage()));
    }

    private void takeOne() {
        Optional<Store.Change> change = Optional.ofNullable(pending.poll());
        if (!ended) {
            change.ifPresent(apply);
        }
    }

    private void onThread(Runnable action) {
        thread.execute(
                () -> {
                    if (!ended) {
                        action.run();
                    }
                });
    }
}
