package io.hypervisor.agent.driver.containerd;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Locks;
import io.hypervisor.agent.driver.containerd.wire.AddLeaseResourceRequest;
import io.hypervisor.agent.driver.containerd.wire.ApplyRequest;
import io.hypervisor.agent.driver.containerd.wire.CommitSnapshotRequest;
import io.hypervisor.agent.driver.containerd.wire.LeaseResource;
import io.hypervisor.agent.driver.containerd.wire.Mount;
import io.hypervisor.agent.driver.containerd.wire.PrepareSnapshotRequest;
import io.hypervisor.agent.driver.containerd.wire.RemoveSnapshotRequest;
import io.hypervisor.agent.driver.containerd.wire.SnapshotsGrpc;
import io.hypervisor.agent.driver.containerd.wire.StatSnapshotRequest;
import io.hypervisor.agent.registry.Descriptor;

import java.util.List;

/** Unpacks layers on top of each other into snapshots, which are named by what they hold. */
final class Layers {
    private final Daemon daemon;
    private final Channel leased;
    private final String lease;
    private final String snapshotter;
    private final Locks locks;

    /**
     * Keeps what it makes by a lease.
     *
     * @param locks one for each snapshot, among all who unpack
     */
    Layers(Daemon daemon, String lease, String snapshotter, Locks locks) {
        this.daemon = daemon;
        this.leased = daemon.leased(lease);
        this.lease = lease;
        this.snapshotter = snapshotter;
        this.locks = locks;
    }

    /** Unpacks the last of these layers; those before it are unpacked. */
    void unpack(Descriptor layer, List<String> diffIds) {
        String name = ImageStore.chainId(diffIds);
        locks.holding(name, () -> unpack(layer, diffIds, name));
    }

    private void unpack(Descriptor layer, List<String> diffIds, String name) {
        keep(name);
        if (exists(name)) {
            return;
        }
        String key = "hypervisor-unpacks-" + name;
        // Half of it may be left.
        remove(key);
        String parent = ImageStore.chainId(diffIds.subList(0, diffIds.size() - 1));
        PrepareSnapshotRequest prepare =
                PrepareSnapshotRequest.newBuilder()
                        .setSnapshotter(snapshotter)
                        .setKey(key)
                        .setParent(parent)
                        .build();
        List<Mount> mounts = Daemon.call(() -> snapshots().prepare(prepare)).getMountsList();
        String found = apply(layer, mounts, key);
        if (!found.equals(diffIds.getLast())) {
            remove(key);
            throw DriverException.permanent(
                    "layer %s does not unpack to what the image says: digest: found: %s (expected: %s)"
                            .formatted(layer.digest(), found, diffIds.getLast()));
        }
        CommitSnapshotRequest commit =
                CommitSnapshotRequest.newBuilder()
                        .setSnapshotter(snapshotter)
                        .setName(name)
                        .setKey(key)
                        .build();
        try {
            var _ = snapshots().commit(commit);
        } catch (StatusRuntimeException e) {
            // Made meanwhile by another client of containerd.
            if (e.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
                throw Daemon.failure(e);
            }
            remove(key);
        }
    }

    private String apply(Descriptor layer, List<Mount> mounts, String key) {
        ApplyRequest request =
                ApplyRequest.newBuilder()
                        .setDiff(ImageStore.wire(layer))
                        .addAllMounts(mounts)
                        .build();
        try {
            return daemon.diff().apply(request).getApplied().getDigest();
        } catch (StatusRuntimeException e) {
            DriverException failure = Daemon.failure(e);
            if (e.getStatus().getCode() == Status.Code.UNKNOWN) {
                // Not a tar, or one that does not stay inside.
                remove(key);
                failure =
                        DriverException.permanent(
                                "layer " + layer.digest() + " cannot be unpacked: " + reason(e));
            }
            throw failure;
        }
    }

    private static String reason(StatusRuntimeException e) {
        return Wording.printable(String.valueOf(e.getStatus().getDescription()));
    }

    private void keep(String name) {
        AddLeaseResourceRequest request =
                AddLeaseResourceRequest.newBuilder()
                        .setId(lease)
                        .setResource(
                                LeaseResource.newBuilder()
                                        .setId(name)
                                        .setType("snapshots/" + snapshotter))
                        .build();
        var _ = Daemon.call(() -> daemon.leases().addResource(request));
    }

    private boolean exists(String name) {
        StatSnapshotRequest request =
                StatSnapshotRequest.newBuilder().setSnapshotter(snapshotter).setKey(name).build();
        return Daemon.find(() -> snapshots().stat(request)).isPresent();
    }

    private void remove(String key) {
        RemoveSnapshotRequest request =
                RemoveSnapshotRequest.newBuilder().setSnapshotter(snapshotter).setKey(key).build();
        var _ = Daemon.find(() -> snapshots().remove(request));
    }

    private SnapshotsGrpc.SnapshotsBlockingStub snapshots() {
        return Daemon.patient(SnapshotsGrpc.newBlockingStub(leased));
    }
}
