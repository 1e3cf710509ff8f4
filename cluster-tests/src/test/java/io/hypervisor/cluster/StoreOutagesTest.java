package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.hypervisor.controller.store.etcd.EtcdCluster;

import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The store is full, without a majority, or replaced by an older copy of itself. */
@Tag("real")
class StoreOutagesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern LOST_TERM = Pattern.compile("superseded_terms: \\[([0-9a-f-]+)]");

    private Path data;

    @BeforeEach
    void createFolder() throws IOException {
        data = Files.createTempDirectory("hv");
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        assertThat(Leftovers.of(data)).isEmpty();
        Leftovers.delete(data);
    }

    private static String[] flags(EtcdCluster etcd) {
        String endpoints =
                etcd.endpoints().stream().map(Object::toString).collect(Collectors.joining(","));
        return new String[] {"--store=etcd", "--etcd.endpoints=[" + endpoints + "]"};
    }

    private static void soon(ThrowingRunnable assertion) {
        await().atMost(PATIENCE).ignoreExceptions().untilAsserted(assertion);
    }

    private static void awaitReady(SmallCluster cluster) {
        soon(() -> assertThat(cluster.nodeStatus()).isEqualTo("READY"));
    }

    private static void awaitRunning(SmallCluster cluster, String... names) {
        Map<String, String> expected =
                Stream.of(names).collect(Collectors.toMap(name -> name, name -> "RUNNING"));
        soon(() -> assertThat(cluster.states()).isEqualTo(expected));
        soon(() -> assertThat(cluster.nodeStates()).isEqualTo(expected));
    }

    @Test
    void aFullEtcdRefusesWritesAndTakesThemAgain() throws IOException {
        try (EtcdCluster etcd = EtcdCluster.start(1, "--quota-backend-bytes=8388608");
                SmallCluster cluster = new SmallCluster(data, flags(etcd))) {
            awaitReady(cluster);
            cluster.create("a");
            awaitRunning(cluster, "a");
            String started = cluster.startedAt("a");

            String filler = "x".repeat(100_000);
            for (int i = 0; etcd.control("put", "/other/" + i, filler); i++) {
                assertThat(i).isLessThan(200);
            }
            Status refused = SmallCluster.failure(() -> cluster.create("b"));
            assertThat(refused.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(refused.getDescription()).contains("space exceeded", "nothing was changed");
            assertThat(cluster.states()).isEqualTo(Map.of("a", "RUNNING"));
            assertThat(cluster.nodeStates()).isEqualTo(Map.of("a", "RUNNING"));

            assertThat(etcd.control("del", "/other/", "--prefix")).isTrue();
            assertThat(etcd.compactAndDefragment()).isTrue();
            soon(() -> cluster.create("b"));
            awaitRunning(cluster, "a", "b");
            assertThat(cluster.startedAt("a")).isEqualTo(started);
        }
    }

    @Test
    void withoutAMajorityReadsAndInstancesGoOn() throws IOException {
        try (EtcdCluster etcd = EtcdCluster.start(3);
                SmallCluster cluster = new SmallCluster(data, flags(etcd))) {
            awaitReady(cluster);
            cluster.create("a");
            awaitRunning(cluster, "a");
            String started = cluster.startedAt("a");

            etcd.kill(0);
            etcd.kill(1);
            assertThat(SmallCluster.failure(() -> cluster.create("b")).getCode())
                    .isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(cluster.states()).containsKey("a");
            assertThat(cluster.nodeStates()).isEqualTo(Map.of("a", "RUNNING"));

            etcd.restart(List.of(0, 1));
            soon(() -> cluster.create("b"));
            awaitRunning(cluster, "a", "b");
            assertThat(cluster.startedAt("a")).isEqualTo(started);
            awaitReady(cluster);
        }
    }

    @Test
    void anOlderCopyOfEtcdHasToBeConfirmed() throws IOException {
        try (EtcdCluster etcd = EtcdCluster.start(3);
                SmallCluster cluster = new SmallCluster(data, flags(etcd))) {
            awaitReady(cluster);
            cluster.create("kept");
            String deleted = cluster.create("deleted");
            awaitRunning(cluster, "kept", "deleted");
            String started = cluster.startedAt("kept");
            Path copy = data.resolve("copy");
            assertThat(etcd.control("snapshot", "save", copy.toString())).isTrue();

            changeAfterTheCopy(cluster, deleted);
            cluster.killController();
            etcd.restore(copy);
            // The new past is longer than the lost one when its first term begins.
            for (int i = 0; i < 60; i++) {
                assertThat(etcd.control("put", "/other/" + i, "x")).isTrue();
            }
            cluster.startController();
            refused(cluster);
            // Another term is no confirmation.
            cluster.killController();
            Files.delete(cluster.log("controller"));
            cluster.startController();
            refused(cluster);
            confirmed(cluster, started);
        }
    }

    @Test
    void anOlderCopyOfTheEmbeddedStoreHasToBeConfirmed() throws IOException {
        try (SmallCluster cluster = new SmallCluster(data)) {
            awaitReady(cluster);
            cluster.create("kept");
            String deleted = cluster.create("deleted");
            awaitRunning(cluster, "kept", "deleted");
            String started = cluster.startedAt("kept");
            cluster.killController();
            Path copy = Files.createDirectory(data.resolve("copy"));
            copy(data.resolve("controller"), copy);

            // The lost past and the new one each begin with a term of the same number.
            cluster.startController();
            awaitReady(cluster);
            changeAfterTheCopy(cluster, deleted);
            cluster.killController();
            copy(copy, data.resolve("controller"));
            cluster.startController();
            for (int i = 0; i < 20; i++) {
                String status = i % 2 == 0 ? "CORDONED" : "READY";
                soon(() -> cluster.setStatus(status));
            }
            refused(cluster);
            confirmed(cluster, started);

            // From here on it is a store like any other.
            cluster.killController();
            cluster.startController();
            awaitReady(cluster);
            soon(() -> cluster.create("later"));
            awaitRunning(cluster, "kept", "deleted", "later");
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> old = Files.list(to)) {
            for (Path file : old.toList()) {
                Files.delete(file);
            }
        }
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(file.getFileName());
                Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void changeAfterTheCopy(SmallCluster cluster, String deleted) {
        soon(() -> cluster.create("unknown"));
        cluster.delete(deleted);
        awaitRunning(cluster, "kept", "unknown");
    }

    /** The node keeps what it runs until the operator has spoken. */
    private static void refused(SmallCluster cluster) {
        soon(() -> assertThat(lostTerm(cluster)).isNotEmpty());
        soon(() -> assertThat(cluster.nodeStatus()).isEqualTo("UNREACHABLE"));
        assertThat(cluster.nodeStates()).isEqualTo(Map.of("kept", "RUNNING", "unknown", "RUNNING"));
    }

    private static void confirmed(SmallCluster cluster, String started) throws IOException {
        cluster.killController();
        cluster.startController("--superseded-terms=[" + lostTerm(cluster) + "]");
        awaitReady(cluster);
        awaitRunning(cluster, "kept", "deleted");
        assertThat(cluster.startedAt("kept")).isEqualTo(started);
    }

    /** The term that the controller refused a journal for, from its log; empty if none. */
    private static String lostTerm(SmallCluster cluster) throws IOException {
        Matcher found = LOST_TERM.matcher(Files.readString(cluster.log("compute-agent")));
        return Files.readString(cluster.log("controller")).contains("another past") && found.find()
                ? found.group(1)
                : "";
    }
}
