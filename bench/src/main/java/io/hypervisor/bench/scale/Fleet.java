package io.hypervisor.bench.scale;

import com.google.common.util.concurrent.Futures;

import io.grpc.ManagedChannel;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.RegisterNodeResponse;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** All simulated nodes, over few connections. */
final class Fleet implements AutoCloseable {
    private static final int NODES_PER_CONNECTION = 500;
    private static final int REGISTRATIONS = 100;
    private static final int ZONES = 3;
    private static final Duration REOPEN = Duration.ofSeconds(1);
    private static final int BEATS = 20;

    /** Of each node. With processors promised four times over, room for 1,000 small instances. */
    static final Resources CAPACITY =
            Resources.newBuilder()
                    .setCpuCores(256)
                    .setMemoryBytes(512L << 30)
                    .setDiskBytes(4L << 40)
                    .build();

    private final Tasks tasks;
    private final List<ManagedChannel> channels;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final SimulatedNode.Counts counts = new SimulatedNode.Counts();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private Tasks.Timer beats = () -> {};
    private int turn;
    private volatile boolean closed;

    Fleet(Target target, int size, Tasks tasks) {
        this.tasks = tasks;
        int connections = (size + NODES_PER_CONNECTION - 1) / NODES_PER_CONNECTION;
        this.channels = IntStream.range(0, connections).mapToObj(_ -> target.channel()).toList();
    }

    /** Registers so many nodes and opens their streams; returns when all have been opened. */
    void open(int size, int heartbeatSeconds) {
        for (int from = 0; from < size; from += REGISTRATIONS) {
            List<Future<RegisterNodeResponse>> answers = new ArrayList<>();
            for (int i = from; i < Math.min(size, from + REGISTRATIONS); i++) {
                answers.add(ClusterServiceGrpc.newFutureStub(channel(i)).registerNode(request(i)));
            }
            for (Future<RegisterNodeResponse> answer : answers) {
                String id = Futures.getUnchecked(answer).getNodeId();
                SimulatedNode node =
                        new SimulatedNode(
                                id, channel(nodes.size()), counts, faults::add, this::reopen);
                nodes.add(node);
                node.open();
            }
        }
        // A share of the nodes at a time, so that their beats do not come at once.
        Duration share = Duration.ofSeconds(heartbeatSeconds).multipliedBy(3).dividedBy(4L * BEATS);
        beats = tasks.every(share, tasks.serial("beats"), this::beat);
    }

    private ManagedChannel channel(int node) {
        return channels.get(node % channels.size());
    }

    private static RegisterNodeRequest request(int index) {
        return RegisterNodeRequest.newBuilder()
                .setHostname("node-" + index)
                .setIp("127.0.0.1")
                .setPort(1)
                .setRegion("region")
                .setZone("zone-" + index % ZONES)
                .setCapacity(CAPACITY)
                .addSupportedInstanceTypes("container")
                .build();
    }

    private void beat() {
        turn = (turn + 1) % BEATS;
        for (int i = turn; i < nodes.size(); i += BEATS) {
            nodes.get(i).beat();
        }
    }

    private void reopen(SimulatedNode node) {
        if (!closed) {
            faults.add("a stream broke");
            tasks.after(REOPEN, tasks.concurrent("reopen"), node::open);
        }
    }

    /** Instances in the documents that nodes have acknowledged. */
    long acked() {
        return counts.acked().sum();
    }

    /** Instances that nodes have reported RUNNING. */
    long reported() {
        return counts.reported().sum();
    }

    /** What should not have happened. */
    List<String> faults() {
        return List.copyOf(faults);
    }

    @Override
    public void close() {
        closed = true;
        beats.cancel();
        channels.forEach(ManagedChannel::shutdownNow);
    }
}
