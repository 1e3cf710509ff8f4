package io.hypervisor.controller.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.controller.store.Recorder;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Clock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

@Tag("real")
class EtcdStoreThreeMembersTest extends EtcdStoreContract {
    @AutoClose private static EtcdCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = EtcdCluster.start(3);
    }

    @Override
    EtcdCluster cluster() {
        return cluster;
    }

    @Test
    void withoutQuorumNothingSucceedsAndWithItEverythingGoesOn() throws Exception {
        Term term = win();
        store.commit(term, List.of(put("a/1", "x")));
        cluster.kill(1);
        cluster.kill(2);
        assertThatThrownBy(() -> store.commit(term, List.of(put("a/1", "y"))))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isNotEqualTo(StoreException.Kind.FENCED));
        await().until(() -> !term.held());
        cluster.restart(List.of(1, 2));
        store.commit(win(), List.of(put("a/2", "x")));
        assertThat(store.load().entries()).extracting(Store.Stored::key).contains("a/1", "a/2");
    }

    @Test
    void oneMemberLessDoesNotMatter() throws Exception {
        Term[] term = {win()};
        Recorder recorder = new Recorder();
        store.changes(store.load().revision(), recorder);
        for (int i = 0; i < cluster.size(); i++) {
            cluster.kill(i);
            long revision = commitSomehow(term, "v" + i);
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThat(recorder.lastRevision()).isEqualTo(revision));
            cluster.restart(i);
        }
        assertThat(recorder.losses()).isEmpty();
    }

    @Test
    void aMemberThatDiesOrHangsWithACommitMakesItWaitAndNoMore() throws Exception {
        EtcdConfig usual = EtcdConfig.of(cluster.endpoints(), prefix);
        EtcdConfig patient =
                new EtcdConfig(
                        usual.endpoints(),
                        prefix,
                        usual.tls(),
                        Optional.empty(),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        usual.keepRevisions());
        try (Store slow =
                new EtcdStore(patient, tasks, Clock.system(), new SimpleMeterRegistry())) {
            Term term = win(slow);
            commitMany(slow, term);
            int leader = cluster.leader(0).orElseThrow();
            cluster.kill(leader);
            commitMany(slow, term);
            cluster.restart(leader);
            int follower = (cluster.leader(leader).orElseThrow() + 1) % cluster.size();
            cluster.pause(follower);
            commitMany(slow, term);
            cluster.resume(follower);
        }
    }

    /** Enough for each member to get some. */
    private static void commitMany(Store store, Term term) {
        for (int i = 0; i < 2 * cluster.size(); i++) {
            store.commit(term, List.of(put("a/1", "v" + i)));
        }
    }

    /** Tries until it is acknowledged, with a new term where the old one ended. */
    private long commitSomehow(Term[] term, String value) {
        return await().atMost(Duration.ofSeconds(30))
                .until(() -> attempt(term, value), Optional::isPresent)
                .orElseThrow();
    }

    private Optional<Long> attempt(Term[] term, String value) {
        try {
            return Optional.of(store.commit(term[0], List.of(put("a/1", value))));
        } catch (StoreException e) {
            if (e.kind() == StoreException.Kind.FENCED) {
                term[0] = win();
            }
            return Optional.empty();
        }
    }
}
