package io.hypervisor.bench.scale;

import com.google.protobuf.Empty;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.controller.store.etcd.EtcdCluster;

import org.awaitility.Awaitility;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The controller that is measured, and its store: processes of their own, gone when closed. */
final class Target implements AutoCloseable {
    // A database of two million instances is larger than the default quota of 2 GiB. With 100,000
    // entries between snapshots, the default, the raft log alone would take gigabytes of memory.
    private static final String[] ETCD_FLAGS = {
        "--quota-backend-bytes=" + (8L << 30),
        "--snapshot-count=5000",
        "--auto-compaction-retention=0"
    };

    private final Path data;
    private final Optional<EtcdCluster> etcd;
    private final int port = freePort();
    private final Process controller;

    Target(ScaleOptions options) throws IOException {
        data = Files.createTempDirectory("scale");
        etcd =
                switch (options.store()) {
                    case ETCD -> Optional.of(EtcdCluster.start(1, ETCD_FLAGS));
                    case LOCAL -> Optional.empty();
                };
        controller = start(options);
        try {
            awaitLeading();
        } catch (RuntimeException e) {
            String log = Files.readString(log());
            close();
            throw new IllegalStateException("the controller did not start: " + log, e);
        }
    }

    private Process start(ScaleOptions options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.add("-Xmx" + options.controllerHeap());
        command.addAll(options.controllerFlags());
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Djava.io.tmpdir=" + data,
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.hypervisor.controller.Main",
                        "--data-dir=" + data,
                        "--grpc-addr=127.0.0.1:" + port,
                        "--http-addr=127.0.0.1:0",
                        "--placement.strategy=" + options.strategy(),
                        "--heartbeat.interval=" + options.heartbeatSeconds() + "s",
                        "--heartbeat.timeout=" + 4 * options.heartbeatSeconds() + "s",
                        "--store=" + options.store()));
        etcd.ifPresent(
                cluster -> {
                    command.add("--etcd.endpoints=[" + cluster.endpoints().getFirst() + "]");
                    // On a machine with too few processors for all, a pause is not yet a failure.
                    command.add("--etcd.lease-ttl=30s");
                    command.add("--etcd.timeout=30s");
                });
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log().toFile())
                .start();
    }

    private Path log() {
        return data.resolve("controller.log");
    }

    private void awaitLeading() {
        ManagedChannel channel = channel();
        try {
            Awaitility.await()
                    .atMost(Duration.ofMinutes(2))
                    .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
                    .failFast("the controller died", this::dead)
                    .until(() -> !info(channel).getLeader().isEmpty());
        } finally {
            channel.shutdownNow();
        }
    }

    private boolean dead() {
        return !controller.isAlive();
    }

    /** A new connection to the controller. */
    ManagedChannel channel() {
        return NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .directExecutor()
                .flowControlWindow(1 << 20)
                .build();
    }

    static ClusterInfo info(ManagedChannel channel) {
        return ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .getClusterInfo(Empty.getDefaultInstance());
    }

    /** Resident memory of the controller. */
    long controllerBytes() {
        return Memory.resident(controller.pid());
    }

    /** Resident memory of etcd without the pages of its database file; nothing without etcd. */
    OptionalLong etcdBytes() {
        return etcd.map(cluster -> OptionalLong.of(Memory.anonymous(cluster.pid(0))))
                .orElse(OptionalLong.empty());
    }

    /** Size of the store's files. */
    long databaseBytes() {
        return etcd.map(cluster -> cluster.databaseBytes(0)).orElseGet(this::localBytes);
    }

    private long localBytes() {
        return size(data.resolve("state.db")) + size(data.resolve("state.db-wal"));
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (NoSuchFileException gone) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the controller logged, without what every node says. */
    List<String> complaints() {
        try (Stream<String> lines = Files.lines(log())) {
            return lines.filter(line -> line.contains("WARN") || line.contains("ERROR"))
                    .limit(50)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        controller.destroyForcibly().onExit().join();
        if (etcd.isPresent()) {
            etcd.get().close();
        }
        try (Stream<Path> paths = Files.walk(data)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
