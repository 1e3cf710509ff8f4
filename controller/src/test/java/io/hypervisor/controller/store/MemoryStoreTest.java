package io.hypervisor.controller.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;

import java.util.List;

class MemoryStoreTest extends StoreContract {
    private final MemoryStore memory = new MemoryStore(tasks, 100);

    @Override
    protected Store open() {
        return memory.connect();
    }

    @Test
    void historyIsLimited() {
        Term term = win();
        for (int i = 0; i < 101; i++) {
            store.commit(term, List.of(put("a/1", "v" + i)));
        }
        Recorder lost = new Recorder();
        Recorder oldest = new Recorder();
        store.changes(0, lost);
        store.changes(1, oldest);
        await().untilAsserted(() -> assertThat(lost.losses()).hasSize(1));
        await().untilAsserted(() -> assertThat(oldest.changes()).hasSize(100));
        assertThat(lost.changes()).isEmpty();
    }

    @Test
    void deposingEndsTheTermAndElectsTheNext() {
        Term term = win();
        memory.depose();
        assertFenced(() -> store.commit(term, List.of(put("a/1", "x"))));
        Store other = memory.connect();
        other.commit(win(other), List.of(put("a/1", "x")));
        other.close();
    }
}
