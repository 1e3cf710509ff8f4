package io.hypervisor.bench;

import com.google.protobuf.Timestamp;

import io.grpc.ManagedChannel;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.bench.Processes.Started;
import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.core.Clock;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Watches: how old an event is when a client has it, by the event's own timestamp, which the
 * controller sets when it publishes the commit; and what a stream costs the controller.
 */
final class Watching implements Benchmark {
    private static final int STREAMS_PER_CONNECTION = 100;
    private static final int STALLED = 100;
    private static final Duration BETWEEN_EVENTS = Duration.ofMillis(50);
    private static final double MIB = 1 << 20;

    private final Clock clock = Clock.system();
    private int created;

    @Override
    public void run(Setting setting) {
        Started controller = setting.processes().controller();
        ManagedChannel channel = controller.connect();
        try (var _ = new PaperNode(channel, "paper")) {
            Processes.await(controller, () -> Clients.readyNodes(controller) == 1);
            events(setting, controller, channel);
            streams(setting, controller, channel);
            stalled(setting, controller, channel);
        } finally {
            channel.shutdownNow();
            controller.stop();
        }
    }

    private void events(Setting setting, Started controller, ManagedChannel channel) {
        int events = setting.size().events();
        int watchers = setting.size().watchers();
        // Once to warm up: a first event of thousands runs through code that was never compiled.
        var _ = latencies(controller, channel, watchers, events / 2);
        Latencies one = latencies(controller, channel, 1, events);
        Latencies many = latencies(controller, channel, watchers, events);
        setting.table()
                .add(
                        "watch: event to client, %,d watchers of everything, p99"
                                .formatted(watchers),
                        Unit.TIME,
                        many.percentile(99),
                        new Baseline("one watcher", one.percentile(99)),
                        Promise.atMost(10e6));
        setting.table()
                .add(
                        "watch: event to client, %,d watchers of everything, p50"
                                .formatted(watchers),
                        Unit.TIME,
                        many.median(),
                        new Baseline("one watcher", one.median()));
    }

    private Latencies latencies(
            Started controller, ManagedChannel channel, int watchers, int events) {
        Latencies latencies = new Latencies();
        AtomicLong due = new AtomicLong();
        AtomicLong seen = new AtomicLong();
        List<WatchCall> watches = open(controller, watchers);
        try {
            long base = created;
            watches.forEach(
                    watch ->
                            watch.onEvent(
                                    event -> {
                                        // The watch begins with what exists already.
                                        if (number(event.getInstance().getName()) >= base) {
                                            latencies.record(age(event.getTimestamp()));
                                            seen.incrementAndGet();
                                        }
                                    }));
            for (WatchCall watch : watches) {
                watch.begin();
            }
            Processes.await(controller, () -> watches.stream().allMatch(WatchCall::caughtUp));
            for (int i = 0; i < events; i++) {
                create(channel, 1);
                due.addAndGet(watchers);
                Processes.pause(BETWEEN_EVENTS);
            }
            Processes.await(controller, () -> seen.get() >= due.get());
        } finally {
            watches.forEach(WatchCall::close);
        }
        return latencies;
    }

    private static long number(String name) {
        return name.isEmpty() ? -1 : Long.parseLong(name.substring(1));
    }

    private long age(Timestamp timestamp) {
        return Duration.between(
                        Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos()),
                        clock.now())
                .toNanos();
    }

    /** Watches over a tenth or so as many connections. */
    private static List<WatchCall> open(Started controller, int watchers) {
        List<WatchCall> watches = new ArrayList<>();
        Optional<WatchCall.Connection> connection = Optional.empty();
        for (int i = 0; i < watchers; i++) {
            if (i % STREAMS_PER_CONNECTION == 0) {
                connection = Optional.of(new WatchCall.Connection(controller.connect()));
            }
            watches.add(new WatchCall(connection.orElseThrow()));
        }
        return watches;
    }

    private void create(ManagedChannel channel, int count) {
        var compute = ComputeServiceGrpc.newFutureStub(channel);
        Semaphore free = new Semaphore(64);
        for (int i = 0; i < count; i++) {
            free.acquireUninterruptibly();
            compute.createInstance(Clients.container("w" + created++, "run"))
                    .addListener(free::release, Runnable::run);
        }
        free.acquireUninterruptibly(64);
    }

    private void streams(Setting setting, Started controller, ManagedChannel channel) {
        int streams = setting.size().streams();
        long heap = controller.heap();
        List<WatchCall> watches = open(controller, streams);
        try {
            AtomicLong seen = new AtomicLong();
            WatchInstanceRequest ofNothing =
                    WatchInstanceRequest.newBuilder().putLabelSelector("bench", "all").build();
            for (WatchCall watch : watches) {
                watch.onEvent(
                        event -> {
                            if (event.getType() == EventType.EVENT_TYPE_ADDED) {
                                seen.incrementAndGet();
                            }
                        });
                watch.begin(ofNothing);
            }
            Processes.await(controller, () -> watches.stream().allMatch(WatchCall::caughtUp));
            long before = controller.heap();
            var _ =
                    ComputeServiceGrpc.newBlockingStub(channel)
                            .createInstance(labelled("x" + created));
            Processes.await(controller, () -> seen.get() == streams);
            setting.table()
                    .add(
                            "watch: controller's memory (PSS) with %,d streams".formatted(streams),
                            Unit.MEMORY,
                            controller.memory(),
                            Promise.atMost(1024 * MIB));
            setting.table()
                    .add("watch: heap per stream", Unit.MEMORY, (before - heap) / (double) streams);
        } finally {
            watches.forEach(WatchCall::close);
        }
    }

    private static CreateInstanceRequest labelled(String name) {
        var request = Clients.container(name, "run").toBuilder();
        request.getMetadataBuilder().putLabels("bench", "all");
        return request.build();
    }

    private void stalled(Setting setting, Started controller, ManagedChannel channel) {
        int missed = setting.size().instances() / 10;
        create(channel, missed);
        long first = controller.heap();
        create(channel, missed);
        long second = controller.heap();
        List<WatchCall> watches = open(controller, STALLED);
        try {
            for (WatchCall watch : watches) {
                watch.beginAndStall();
            }
            create(channel, missed);
            double more = controller.heap() - second - (double) (second - first);
            setting.table()
                    .add(
                            "watch: heap per reader that missed %,d events".formatted(missed),
                            Unit.MEMORY,
                            Math.max(0, more / STALLED),
                            Promise.atMost(MIB));
        } finally {
            watches.forEach(WatchCall::close);
        }
    }
}
