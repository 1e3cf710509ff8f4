package io.hypervisor.controller.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreContract;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Clock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** The store's contract, and what etcd adds, over a cluster of any size. */
abstract class EtcdStoreContract extends StoreContract {
    private static final AtomicInteger TESTS = new AtomicInteger();

    final String prefix = "/test-" + TESTS.incrementAndGet() + "/";

    abstract EtcdCluster cluster();

    @Override
    protected EtcdStore open() {
        return open(prefix);
    }

    EtcdStore open(String below) {
        EtcdConfig config = EtcdConfig.of(cluster().endpoints(), below);
        return new EtcdStore(config, tasks, Clock.system(), new SimpleMeterRegistry());
    }

    @Test
    void seesItsOwnPrefixAlone() {
        store.commit(win(), List.of(put("a/1", "x")));
        try (Store other = open("/other" + prefix)) {
            other.commit(win(other), List.of(put("a/2", "x")));
            assertThat(other.load().entries()).hasSize(1);
        }
        assertThat(store.load().entries()).hasSize(1);
    }

    @Test
    void loadsManyPagesAtOneRevision() {
        Term term = win();
        for (int i = 0; i < 25; i++) {
            int from = i * 100;
            store.commit(
                    term,
                    IntStream.range(from, from + 100).mapToObj(k -> put("a/" + k, "x")).toList());
        }
        assertThat(store.load().entries()).hasSize(2500);
    }

    @Test
    void leadershipMovesBetweenConnections() {
        Term first = win();
        store.commit(first, List.of(put("a/1", "x")));
        try (Store other = open()) {
            store.close();
            Term second = win(other);
            other.commit(second, List.of(put("a/2", "x")));
            assertThat(other.load().entries()).hasSize(2);
        }
    }
}
