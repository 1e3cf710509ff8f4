package io.hypervisor.bench;

import com.google.common.util.concurrent.Futures;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.bench.Processes.Started;
import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.core.Clock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * Control-plane time: from the client's request until the node has journaled it. The sum of what
 * the client waits for the reply and of the controller's {@code hypervisor_feed_latency} (commit
 * published until the node's acknowledgement arrived), both of the same request, because one is
 * made at a time, of processes that are warm. They overlap by the reply's way back and include the
 * acknowledgement's, so the true time is shorter.
 */
final class Deciding implements Benchmark {
    // Creates for each that is measured, before the first of them.
    private static final int WARM_UP = 3;
    private static final int IN_FLIGHT = 32;
    // Asking the controller for its metrics is work for it, which must not fall into what they
    // tell.
    private static final Duration UNDISTURBED = Duration.ofMillis(10);
    private static final String COUNT = "hypervisor_feed_latency_seconds_count";
    private static final String SUM = "hypervisor_feed_latency_seconds_sum";

    private final Clock clock = Clock.system();

    @Override
    public void run(Setting setting) {
        Processes processes = setting.processes();
        Started controller = processes.controller("--placement.cpu-overcommit=1000");
        Started agent = processes.agent(controller, "deciding");
        Processes.await(agent, () -> Clients.readyNodes(controller) == 1);
        int creates = setting.size().creates();
        Latencies all = new Latencies();
        Latencies replies = new Latencies();
        Latencies echoes = new Latencies();
        ManagedChannel channel = controller.connect();
        try {
            warmUp(controller, channel, WARM_UP * creates);
            var compute = ComputeServiceGrpc.newBlockingStub(channel);
            var health = HealthGrpc.newBlockingStub(channel);
            for (int i = 0; i < creates; i++) {
                double count = processes.metric(controller, COUNT);
                double sum = processes.metric(controller, SUM);
                long begun = clock.nanos();
                var _ = compute.createInstance(Clients.container("d" + i, "run"));
                long reply = clock.nanos() - begun;
                Processes.pause(UNDISTURBED);
                Processes.await(agent, () -> processes.metric(controller, COUNT) > count);
                long feed = (long) ((processes.metric(controller, SUM) - sum) * 1e9);
                long echoed = clock.nanos();
                var _ = health.check(HealthCheckRequest.getDefaultInstance());
                echoes.record(clock.nanos() - echoed);
                all.record(reply + feed);
                replies.record(reply);
            }
        } finally {
            channel.shutdownNow();
        }
        agent.stop();
        controller.stop();
        Latencies syncs = syncs(processes.newFolder("sync"), creates);
        // What no implementation could do without: one call and two syncs, one after the other.
        report(setting.table(), all, "one echo and two syncs of a file", echoes, syncs);
        setting.table().add("create: request to durable reply, p50", Unit.TIME, replies.median());
        setting.table().add("sync of 256 appended bytes, p50", Unit.TIME, syncs.median());
    }

    /** A process that has just begun runs code that was never compiled: that is not measured. */
    private static void warmUp(Started controller, ManagedChannel channel, int creates) {
        var compute = ComputeServiceGrpc.newFutureStub(channel);
        Semaphore free = new Semaphore(IN_FLIGHT);
        for (int i = 0; i < creates; i++) {
            free.acquireUninterruptibly();
            Futures.transformAsync(
                            compute.createInstance(Clients.container("warm" + i, "run")),
                            made ->
                                    compute.deleteInstance(
                                            DeleteInstanceRequest.newBuilder()
                                                    .setInstanceId(made.getId())
                                                    .setForce(true)
                                                    .build()),
                            Runnable::run)
                    .addListener(free::release, Runnable::run);
        }
        free.acquireUninterruptibly(IN_FLIGHT);
        var list = ComputeServiceGrpc.newBlockingStub(channel);
        Processes.await(
                controller,
                () ->
                        list.listInstances(ListInstancesRequest.getDefaultInstance())
                                        .getTotalCount()
                                == 0);
    }

    private static void report(
            ResultTable table, Latencies all, String floor, Latencies echoes, Latencies syncs) {
        table.add(
                "control plane: request until journaled by the node, p50",
                Unit.TIME,
                all.median(),
                new Baseline(floor, echoes.median() + 2 * syncs.median()),
                Promise.atMost(4e6));
        table.add(
                "control plane: request until journaled by the node, p99",
                Unit.TIME,
                all.percentile(99),
                new Baseline(floor, echoes.percentile(99) + 2 * syncs.percentile(99)),
                Promise.atMost(15e6));
    }

    private Latencies syncs(Path folder, int times) {
        Latencies syncs = new Latencies();
        try (FileChannel file =
                FileChannel.open(
                        folder.resolve("file"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE)) {
            for (int i = 0; i < times; i++) {
                long begun = clock.nanos();
                file.write(ByteBuffer.allocate(256));
                file.force(false);
                syncs.record(clock.nanos() - begun);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return syncs;
    }
}
