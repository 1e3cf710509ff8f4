package io.hypervisor.controller.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.controller.store.Recorder;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.server.HostPort;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.List;

@Tag("real")
class EtcdStoreTest extends EtcdStoreContract {
    @AutoClose private static EtcdCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = EtcdCluster.start(1);
    }

    @Override
    EtcdCluster cluster() {
        return cluster;
    }

    @Test
    void changesThatWereCompactedAreLost() {
        Term term = win();
        long first = store.commit(term, List.of(put("a/1", "x")));
        long last = 0;
        for (int i = 0; i < 5; i++) {
            last = store.commit(term, List.of(put("a/1", "v" + i)));
        }
        try (EtcdClient client = new EtcdClient(EtcdConfig.of(cluster.endpoints(), prefix))) {
            long at = last;
            client.read(etcd -> etcd.getKVClient().compact(at));
        }
        Recorder recorder = new Recorder();
        store.changes(first, recorder);
        await().untilAsserted(() -> assertThat(recorder.losses()).hasSize(1));
        assertThat(recorder.changes()).isEmpty();
    }

    @Test
    void aDeadEtcdIsUnavailableAndChangesGoOnWhenItIsBack() throws Exception {
        Term term = win();
        long first = store.commit(term, List.of(put("a/1", "x")));
        Recorder recorder = new Recorder();
        store.changes(first, recorder);
        long second = store.commit(term, List.of(put("a/2", "x")));
        await().untilAsserted(() -> assertThat(recorder.lastRevision()).isEqualTo(second));

        cluster.kill(0);
        assertThatThrownBy(() -> store.commit(term, List.of(put("a/3", "x"))))
                .isInstanceOf(StoreException.class);
        await().untilAsserted(
                        () ->
                                assertThatThrownBy(
                                                () -> store.commit(term, List.of(put("a/3", "x"))))
                                        .isInstanceOfSatisfying(
                                                StoreException.class,
                                                e ->
                                                        assertThat(e.kind())
                                                                .isNotEqualTo(
                                                                        StoreException.Kind
                                                                                .AMBIGUOUS)));
        await().until(() -> !term.held());
        cluster.restart(0);

        Term next = win();
        long third = store.commit(next, List.of(put("a/4", "x")));
        await().untilAsserted(() -> assertThat(recorder.lastRevision()).isEqualTo(third));
        assertThat(recorder.losses()).isEmpty();
    }

    @Test
    void anEtcdThatHangsIsAmbiguousAndEndsTheTerm() throws Exception {
        Term term = win();
        store.commit(term, List.of(put("a/1", "x")));
        cluster.pause(0);
        try {
            assertThatThrownBy(() -> store.commit(term, List.of(put("a/1", "y"))))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.AMBIGUOUS));
            await().until(() -> !term.held());
        } finally {
            cluster.resume(0);
        }
    }

    @Test
    void aCommitWhoseFirstCopyAppliedUnheardGetsItsRevision() throws Exception {
        EtcdTerm term = (EtcdTerm) win();
        store.commit(term, List.of(put("a/1", "x")));
        long applied = mark(term.createRevision() + "/2");
        assertThat(store.commit(term, List.of(put("a/1", "y")))).isEqualTo(applied);
        assertThat(store.commit(term, List.of(put("a/1", "z")))).isGreaterThan(applied);
    }

    @Test
    void anUnheardCommitThatAppliedAfterAllDoesNotDisturbTheNext() throws Exception {
        EtcdTerm term = (EtcdTerm) win();
        store.commit(term, List.of(put("a/1", "x")));
        long applied = mark("of an earlier one");
        assertThat(store.commit(term, List.of(put("a/1", "y")))).isGreaterThan(applied);
    }

    /** Changes the mark of the last commit, as a copy would that was on its way for long. */
    private long mark(String token) {
        try (EtcdClient client = new EtcdClient(EtcdConfig.of(cluster.endpoints(), prefix))) {
            var key = EtcdKeys.below(prefix).commits();
            return client.read(etcd -> etcd.getKVClient().put(key, EtcdClient.bytes(token)))
                    .getHeader()
                    .getRevision();
        }
    }

    @Test
    void namesWhatIsWrongWithItsFiles() {
        EtcdConfig config = EtcdConfig.of(List.of(new HostPort("127.0.0.1", 1)), "/p/");
        assertThat(config.prefix()).isEqualTo("/p/");
        assertThatThrownBy(() -> EtcdConfig.of(config.endpoints(), "p"))
                .hasMessage("prefix: value: p (expected: ends with /)");
    }
}
