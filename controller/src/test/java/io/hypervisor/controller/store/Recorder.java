package io.hypervisor.controller.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.controller.store.Store.Change;
import io.hypervisor.controller.store.Store.Write;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** Remembers the changes that it hears of. */
public final class Recorder implements Store.ChangeListener {
    private final CountDownLatch gate;
    private final List<Change> changes = new CopyOnWriteArrayList<>();
    private final List<StoreException> losses = new CopyOnWriteArrayList<>();

    public Recorder() {
        this(new CountDownLatch(0));
    }

    /** One that blocks its caller until the gate opens. */
    public Recorder(CountDownLatch gate) {
        this.gate = gate;
    }

    @Override
    public void changed(Change change) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        changes.add(change);
    }

    @Override
    public void lost(StoreException cause) {
        losses.add(cause);
    }

    public List<Change> changes() {
        return List.copyOf(changes);
    }

    public List<StoreException> losses() {
        return List.copyOf(losses);
    }

    /** The last revision heard of; 0 before the first. */
    public long lastRevision() {
        return changes.isEmpty() ? 0 : changes.getLast().revision();
    }

    /** Asserts equal changes in equal order, disregarding the order within a revision. */
    public void assertSame(List<Change> expected) {
        assertThat(changes)
                .map(Change::revision)
                .isEqualTo(expected.stream().map(Change::revision).toList());
        for (int i = 0; i < expected.size(); i++) {
            Set<Write> writes = Set.copyOf(expected.get(i).writes());
            assertThat(changes.get(i).writes()).hasSize(writes.size());
            assertThat(Set.copyOf(changes.get(i).writes())).isEqualTo(writes);
        }
    }
}
