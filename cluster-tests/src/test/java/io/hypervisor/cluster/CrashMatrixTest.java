package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.guest.TinyGuest;
import io.hypervisor.cluster.CrashPlan.Round;
import io.hypervisor.cluster.CrashPlan.Victim;
import io.hypervisor.controller.store.etcd.EtcdCluster;
import io.hypervisor.core.FaultPoint;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * kill -9 between each pair of steps of create, stop, start and delete, on real daemons: afterwards
 * everything agrees within a minute. With -Dcrash.matrix=all every cell; else a selection with
 * every point of VMs and containers, and every victim with every operation.
 */
@Tag("real")
class CrashMatrixTest {
    private static final boolean ALL = "all".equals(System.getProperty("crash.matrix"));
    // A term that ends on a busy machine makes the node's stream begin anew, past some points.
    // A dozen instances on two processors.
    private static final String ROOMY = "--placement.cpu-overcommit=16";
    private static final String PATIENT = "--etcd.lease-ttl=30s";

    private Path data;
    private OneNodeCluster cluster;
    private ReflectionClient client;
    private FaultFolder faults;
    private CrashScene scene;
    private Optional<EtcdCluster> etcd = Optional.empty();
    private int membersKilled;

    private void start(Map<String, String> environment) throws IOException {
        data = Files.createTempDirectory("hv");
        faults = new FaultFolder(data.resolve("faults"));
        Files.createDirectory(faults.folder());
        Map<String, String> variables = new HashMap<>(environment);
        variables.putAll(faults.environment());
        variables.merge("CONTROLLER_FLAGS", ROOMY, (more, roomy) -> more + " " + roomy);
        cluster = new OneNodeCluster(data, variables);
        cluster.buildContainerImage();
        // A disk that nothing boots from: its machine waits at its firmware and costs nothing.
        Files.createDirectories(data.resolve("images"));
        try (var disk = new RandomAccessFile(data.resolve("images/blank.raw").toFile(), "rw")) {
            disk.setLength(1 << 20);
        }
        TinyGuest.make(data.resolve("images"));
        cluster.start();
        cluster.importImages();
        client = new ReflectionClient(cluster.grpc);
        scene = new CrashScene(client, new Reality(cluster));
    }

    @AfterEach
    void stop() throws IOException {
        try {
            faults.release();
            client.close();
            cluster.close();
        } finally {
            if (etcd.isPresent()) {
                etcd.get().close();
            }
        }
        assertThat(Leftovers.of(data)).isEmpty();
        Leftovers.delete(data);
    }

    @Test
    void embeddedStore() throws IOException {
        start(Map.of());
        List<Victim> victims = List.of(Victim.AGENT, Victim.DAEMON, Victim.CONTROLLER);
        List<Round> rounds = ALL ? CrashPlan.all(victims) : CrashPlan.covering(victims);
        run(rounds);
        assertThat(rounds.stream().flatMap(round -> round.held().values().stream()))
                .containsAll(ALL ? CrashPlan.points() : others());
    }

    private static Set<FaultPoint> others() {
        return CrashPlan.points().stream()
                .filter(point -> !point.name().startsWith("MICROVM_"))
                .collect(Collectors.toSet());
    }

    @Test
    void membersOfEtcd() throws IOException {
        EtcdCluster three = EtcdCluster.start(3);
        etcd = Optional.of(three);
        String endpoints =
                three.endpoints().stream().map(Object::toString).collect(Collectors.joining(","));
        start(
                Map.of(
                        "CONTROLLER_FLAGS",
                        "--store=etcd --etcd.endpoints=[" + endpoints + "] " + PATIENT));
        run(
                ALL
                        ? CrashPlan.all(List.of(Victim.STORE))
                        : List.of(
                                serial("CREATE", FaultPoint.CONTROLLER_COMMIT_BEGUN),
                                serial("STOP", FaultPoint.CONTROLLER_COMMIT_DONE),
                                serial("START", FaultPoint.CONTROLLER_DELTA_MADE),
                                serial("DELETE", FaultPoint.CONTROLLER_REPORT_RECEIVED)));
    }

    private static Round serial(String operation, FaultPoint point) {
        return CrashPlan.serial(Victim.STORE, operation, point);
    }

    /** Kills; the returned step brings the victim back. */
    private Runnable kill(Victim victim) {
        return switch (victim) {
            case CONTROLLER -> cluster.killLater("controller");
            case AGENT -> cluster.killLater("agent");
            case DAEMON -> {
                cluster.killDaemons();
                yield cluster::startDaemons;
            }
            case STORE -> {
                EtcdCluster members = etcd.orElseThrow();
                int member = membersKilled++ % members.size();
                members.kill(member);
                yield () -> members.restart(member);
            }
        };
    }

    private void run(List<Round> rounds) {
        CrashTable table = new CrashTable();
        try {
            for (Round round : rounds) {
                table.add(round, run(round));
            }
            scene.deleteAll();
        } finally {
            System.out.println(table);
        }
    }

    /** Returns how long it took until everything agreed, from the kill on. */
    private Duration run(Round round) {
        try {
            scene.prepare(round.lanes());
            faults.arm(Set.copyOf(round.held().values()));
            CompletableFuture<Void> operations = scene.begin(round.lanes());
            List<FaultPoint> expected = new ArrayList<>(round.held().values());
            faults.awaitReached(round.serial() ? Set.copyOf(expected) : expected);
            long killed = System.nanoTime();
            Runnable restart = kill(round.victim());
            faults.release();
            restart.run();
            operations.join();
            scene.awaitAgreement();
            if (round.victim() == Victim.DAEMON) {
                scene.countMachinesAnew();
            }
            scene.assertNothingTwice();
            return Duration.ofNanos(System.nanoTime() - killed);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(
                    "%s killed, %s; logs in target/logs".formatted(round.victim(), round.held()),
                    e);
        }
    }
}
