package io.hypervisor.cluster;

import com.google.protobuf.Empty;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.ListInstancesRequest;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Reads from one replica all the time. While the replica is down it may wait; else it must not
 * fail.
 */
final class ReplicaReader implements AutoCloseable {
    // Without a pause, readers take more of a small machine than all that is read about.
    private static final int PAUSE_MILLIS = 10;

    private final ManagedChannel replica;
    private final String known;
    private final AtomicInteger reads = new AtomicInteger();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final ScheduledExecutorService reading = Executors.newSingleThreadScheduledExecutor();
    private volatile boolean down;
    private volatile boolean closed;

    /** Reads an instance that stays, the first page of all, and the cluster. */
    ReplicaReader(ManagedChannel replica, String known) {
        this.replica = replica;
        this.known = known;
        var _ = reading.scheduleWithFixedDelay(this::run, 0, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void run() {
        boolean excused = down;
        try {
            read(excused);
            reads.incrementAndGet();
        } catch (StatusRuntimeException e) {
            if (!excused && !down && !closed) {
                failures.add(e.toString());
            }
        }
    }

    private void read(boolean wait) {
        var compute =
                ComputeServiceGrpc.newBlockingStub(replica).withDeadlineAfter(20, TimeUnit.SECONDS);
        var cluster =
                ClusterServiceGrpc.newBlockingStub(replica).withDeadlineAfter(20, TimeUnit.SECONDS);
        if (wait) {
            compute = compute.withWaitForReady();
            cluster = cluster.withWaitForReady();
        }
        var _ = compute.getInstance(GetInstanceRequest.newBuilder().setInstanceId(known).build());
        var _ = compute.listInstances(ListInstancesRequest.newBuilder().setPageSize(20).build());
        var _ = cluster.getClusterInfo(Empty.getDefaultInstance());
    }

    /** The replica is about to end, or has been back since the reader's last {@link #reads}. */
    void down(boolean now) {
        down = now;
    }

    /** How often all of it was read. */
    int reads() {
        return reads.get();
    }

    /** Reads that failed although the replica was up. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    /** Asks it to read no more. */
    void end() {
        closed = true;
        reading.shutdown();
    }

    @Override
    public void close() {
        end();
        reading.close();
    }
}
