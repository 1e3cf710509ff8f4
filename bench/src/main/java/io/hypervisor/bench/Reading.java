package io.hypervisor.bench;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc.ComputeServiceBlockingStub;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.bench.Processes.Started;
import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.core.Clock;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** Get and list on a large state. Client and server share the machine. */
final class Reading implements Benchmark {
    private static final int IN_FLIGHT = 64;
    private static final int PAGE = 100;

    private final Clock clock = Clock.system();

    @Override
    public void run(Setting setting) {
        Path data = setting.processes().newFolder("controller");
        Seeds.fill(data, setting.size().instances());
        Started controller = setting.processes().controller(data, "");
        ManagedChannel channel = controller.connect();
        try {
            gets(setting, channel);
            lists(setting, ComputeServiceGrpc.newBlockingStub(channel));
        } finally {
            channel.shutdownNow();
            controller.stop();
        }
    }

    private void gets(Setting setting, ManagedChannel channel) {
        var compute = ComputeServiceGrpc.newFutureStub(channel);
        var health = HealthGrpc.newFutureStub(channel);
        int instances = setting.size().instances();
        Duration time = setting.size().reading();
        IntFunction<ListenableFuture<?>> get =
                i ->
                        compute.getInstance(
                                GetInstanceRequest.newBuilder()
                                        .setInstanceId(Seeds.id(scatter(i, instances)))
                                        .build());
        IntFunction<ListenableFuture<?>> echo =
                i -> health.check(HealthCheckRequest.getDefaultInstance());
        rate(get, time);
        rate(echo, time.dividedBy(2));
        // In turns, so that what else the machine does falls on both.
        double gets = rate(get, time.dividedBy(2));
        double echoes = rate(echo, time.dividedBy(2));
        gets = (gets + rate(get, time.dividedBy(2))) / 2;
        echoes = (echoes + rate(echo, time.dividedBy(2))) / 2;
        setting.table()
                .add(
                        "get instance: %d in flight, client included".formatted(IN_FLIGHT),
                        Unit.RATE,
                        gets,
                        new Baseline("health check of the same server", echoes),
                        Promise.atLeast(20_000));
        var blocking = ComputeServiceGrpc.newBlockingStub(channel);
        var checking = HealthGrpc.newBlockingStub(channel);
        AtomicInteger number = new AtomicInteger();
        Latencies one =
                repeated(
                        () ->
                                blocking.getInstance(
                                        GetInstanceRequest.newBuilder()
                                                .setInstanceId(
                                                        Seeds.id(
                                                                scatter(
                                                                        number.getAndIncrement(),
                                                                        instances)))
                                                .build()),
                        time.dividedBy(2));
        Latencies check =
                repeated(
                        () -> checking.check(HealthCheckRequest.getDefaultInstance()),
                        time.dividedBy(4));
        setting.table()
                .add(
                        "get instance: 1 in flight, p99",
                        Unit.TIME,
                        one.percentile(99),
                        new Baseline("health check", check.percentile(99)),
                        Promise.atMost(1e6));
        setting.table()
                .add(
                        "get instance: 1 in flight, p50",
                        Unit.TIME,
                        one.median(),
                        new Baseline("health check", check.median()));
    }

    /** Every instance in an order that no cache expects. */
    private static int scatter(int i, int instances) {
        return (int) Math.floorMod(i * 7_919L, (long) instances);
    }

    /** Calls per second of a client in which each answer begins the next call. */
    private double rate(IntFunction<ListenableFuture<?>> call, Duration time) {
        long begun = clock.nanos();
        Chains chains = new Chains(call, begun + time.toNanos());
        for (int i = 0; i < IN_FLIGHT; i++) {
            chains.next();
        }
        chains.ended.acquireUninterruptibly(IN_FLIGHT);
        if (chains.failures.get() > 0) {
            throw new IllegalStateException(chains.failures + " calls failed");
        }
        return chains.answers.get() * 1e9 / (clock.nanos() - begun);
    }

    private final class Chains {
        final Semaphore ended = new Semaphore(0);
        final AtomicInteger answers = new AtomicInteger();
        final AtomicInteger failures = new AtomicInteger();
        private final AtomicInteger started = new AtomicInteger();
        private final IntFunction<ListenableFuture<?>> call;
        private final long end;

        Chains(IntFunction<ListenableFuture<?>> call, long end) {
            this.call = call;
            this.end = end;
        }

        void next() {
            if (clock.nanos() > end) {
                ended.release();
                return;
            }
            Futures.addCallback(
                    call.apply(started.getAndIncrement()),
                    new FutureCallback<Object>() {
                        @Override
                        public void onSuccess(Object answer) {
                            answers.incrementAndGet();
                            next();
                        }

                        @Override
                        public void onFailure(Throwable cause) {
                            failures.incrementAndGet();
                            ended.release();
                        }
                    },
                    MoreExecutors.directExecutor());
        }
    }

    private Latencies repeated(Supplier<?> call, Duration time) {
        Latencies latencies = new Latencies();
        long end = clock.nanos() + time.toNanos();
        long warm = clock.nanos() + time.toNanos() / 4;
        for (long begun = clock.nanos(); begun < end; ) {
            var _ = call.get();
            long now = clock.nanos();
            if (begun > warm) {
                latencies.record(now - begun);
            }
            begun = now;
        }
        return latencies;
    }

    private void lists(Setting setting, ComputeServiceBlockingStub compute) {
        Duration time = setting.size().reading().dividedBy(2);
        // Walks all pages once, to have the token of the last one.
        String token = "";
        Latencies walk = new Latencies();
        for (String next = "first"; !next.isEmpty(); ) {
            long begun = clock.nanos();
            ListInstancesResponse page =
                    compute.listInstances(page(next.equals("first") ? "" : next));
            walk.record(clock.nanos() - begun);
            token = next.equals("first") ? "" : next;
            next = page.getNextPageToken();
        }
        String last = token;
        Latencies firstPage = repeated(() -> compute.listInstances(page("")), time);
        Latencies lastPage = repeated(() -> compute.listInstances(page(last)), time);
        String of = "list, page of %d of %,d: ".formatted(PAGE, setting.size().instances());
        setting.table()
                .add(of + "first, p99", Unit.TIME, firstPage.percentile(99), Promise.atMost(10e6));
        setting.table()
                .add(
                        of + "last, p99",
                        Unit.TIME,
                        lastPage.percentile(99),
                        new Baseline("first page", firstPage.percentile(99)),
                        Promise.atMost(10e6));
        setting.table()
                .add(
                        of + "last, p50",
                        Unit.TIME,
                        lastPage.median(),
                        new Baseline("first page", firstPage.median()));
        setting.table().add(of + "every page once, p99", Unit.TIME, walk.percentile(99));
    }

    private static ListInstancesRequest page(String token) {
        return ListInstancesRequest.newBuilder().setPageSize(PAGE).setPageToken(token).build();
    }
}
