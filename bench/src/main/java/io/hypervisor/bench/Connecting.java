package io.hypervisor.bench;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.hypervisor.bench.Processes.Started;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;

import java.util.ArrayList;
import java.util.List;

/** What a connection costs the controller while it is idle. */
final class Connecting implements Benchmark {
    private static final double PROMISED_BYTES = 100 * 1024;

    @Override
    public void run(Setting setting) {
        int connections = setting.size().connections();
        Started controller = setting.processes().controller();
        List<ManagedChannel> channels = new ArrayList<>();
        try {
            // One at first, so that what all connections share does not count.
            connect(controller, channels);
            long heap = controller.heap();
            double memory = controller.memory();
            for (int i = 0; i < connections; i++) {
                connect(controller, channels);
            }
            setting.table()
                    .add(
                            "connections: heap per idle one, %,d open".formatted(connections),
                            Unit.MEMORY,
                            (controller.heap() - heap) / (double) connections,
                            Promise.atMost(PROMISED_BYTES));
            setting.table()
                    .add(
                            "connections: memory (PSS) per idle one",
                            Unit.MEMORY,
                            (controller.memory() - memory) / (double) connections);
        } finally {
            channels.forEach(ManagedChannel::shutdownNow);
            controller.stop();
        }
    }

    private static void connect(Started controller, List<ManagedChannel> channels) {
        ManagedChannel channel = controller.connect();
        channels.add(channel);
        var _ = HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.getDefaultInstance());
    }
}
