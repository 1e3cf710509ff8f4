package io.hypervisor.agent.driver.containerd;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;

import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.containerd.wire.Container;
import io.hypervisor.agent.driver.containerd.wire.CreateContainerRequest;
import io.hypervisor.agent.driver.containerd.wire.DeleteContainerRequest;
import io.hypervisor.agent.driver.containerd.wire.GetContainerRequest;
import io.hypervisor.agent.driver.containerd.wire.ListContainersRequest;
import io.hypervisor.agent.driver.containerd.wire.Mount;
import io.hypervisor.agent.driver.containerd.wire.MountsRequest;
import io.hypervisor.agent.driver.containerd.wire.PluginsRequest;
import io.hypervisor.agent.driver.containerd.wire.PrepareSnapshotRequest;
import io.hypervisor.agent.driver.containerd.wire.RemoveSnapshotRequest;
import io.hypervisor.agent.driver.containerd.wire.UpdateContainerRequest;
import io.hypervisor.agent.driver.containerd.wire.runc.Options;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Container records and their snapshots: everything but what runs. */
final class Containers {
    private static final String RUNTIME = "io.containerd.runc.v2";
    private static final String SPEC_TYPE =
            "types.containerd.io/opencontainers/runtime-spec/1/Spec";

    private final Daemon daemon;
    private final ContainerdConfig config;
    // Asked once: containerd finds out when it starts, and does not change its mind.
    private volatile String snapshotter = "";

    Containers(Daemon daemon, ContainerdConfig config) {
        this.daemon = daemon;
        this.config = config;
    }

    Optional<Container> find(String id) {
        GetContainerRequest request = GetContainerRequest.newBuilder().setId(id).build();
        return Daemon.find(() -> daemon.containers().get(request).getContainer());
    }

    /** Those with marks of ours. */
    List<Container> list() {
        ListContainersRequest request =
                ListContainersRequest.newBuilder().addFilters(Marks.FILTER).build();
        return Daemon.call(
                () -> {
                    List<Container> containers = new ArrayList<>();
                    daemon.containers()
                            .listStream(request)
                            .forEachRemaining(message -> containers.add(message.getContainer()));
                    return containers;
                });
    }

    /** Writes the record. */
    Container create(Target target, Marks marks, String spec) {
        return create(
                record(target.instanceId(), marks, spec)
                        .setImage(ImageName.full(target.spec().getImage()))
                        .build());
    }

    /** Gives what is left of an instance a record again, so that it can be removed by it. */
    Container adopt(String id, Marks marks) {
        return create(record(id, marks, "{}").build());
    }

    private Container create(Container container) {
        CreateContainerRequest request =
                CreateContainerRequest.newBuilder().setContainer(container).build();
        return Daemon.call(() -> daemon.containers().create(request).getContainer());
    }

    private Container.Builder record(String id, Marks marks, String spec) {
        Options options =
                Options.newBuilder().setRoot(config.data().resolve("runc").toString()).build();
        return Container.newBuilder()
                .setId(id)
                .putAllLabels(marks.labels())
                .setRuntime(
                        Container.Runtime.newBuilder().setName(RUNTIME).setOptions(any(options)))
                .setSpec(spec(spec))
                .setSnapshotter(snapshotter())
                .setSnapshotKey(id);
    }

    // containerd knows its own types by their bare names, without a host before them.
    private static Any any(Options options) {
        return Any.newBuilder()
                .setTypeUrl(Options.getDescriptor().getFullName())
                .setValue(options.toByteString())
                .build();
    }

    /** Replaces the marks. */
    Container mark(Container container, Marks marks) {
        return update(
                container.toBuilder().clearLabels().putAllLabels(marks.labels()).build(), "labels");
    }

    /** Replaces the marks and the runtime spec in one write. */
    Container mark(Container container, Marks marks, String spec) {
        Container changed =
                container.toBuilder()
                        .clearLabels()
                        .putAllLabels(marks.labels())
                        .setSpec(spec(spec))
                        .build();
        return update(changed, "labels", "spec");
    }

    /** Replaces the runtime spec. */
    void respecify(Container container, String spec) {
        var _ = update(container.toBuilder().setSpec(spec(spec)).build(), "spec");
    }

    private Container update(Container container, String... paths) {
        UpdateContainerRequest request =
                UpdateContainerRequest.newBuilder()
                        .setContainer(container)
                        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(paths)))
                        .build();
        return Daemon.call(() -> daemon.containers().update(request).getContainer());
    }

    private static Any spec(String json) {
        return Any.newBuilder()
                .setTypeUrl(SPEC_TYPE)
                .setValue(ByteString.copyFromUtf8(json))
                .build();
    }

    void delete(String id) {
        DeleteContainerRequest request = DeleteContainerRequest.newBuilder().setId(id).build();
        Daemon.find(() -> daemon.containers().delete(request));
    }

    /** Makes a container's own layer on top of its image, which stays although no record has it. */
    List<Mount> prepare(String id, String image, String chainId) {
        PrepareSnapshotRequest request =
                PrepareSnapshotRequest.newBuilder()
                        .setSnapshotter(snapshotter())
                        .setKey(id)
                        .setParent(chainId)
                        .putLabels("containerd.io/gc.root", "true")
                        .build();
        try {
            return daemon.snapshots().prepare(request).getMountsList();
        } catch (StatusRuntimeException e) {
            return switch (e.getStatus().getCode()) {
                case ALREADY_EXISTS -> again(request);
                case NOT_FOUND ->
                        throw Wording.wrong(
                                "spec.image",
                                image,
                                "an image that is unpacked for the snapshotter " + snapshotter());
                default -> throw Daemon.failure(e);
            };
        }
    }

    // Nothing tells of which image the one is whose folder was lost with the node's power.
    private List<Mount> again(PrepareSnapshotRequest request) {
        removeSnapshot(request.getSnapshotter(), request.getKey());
        return Daemon.call(() -> daemon.snapshots().prepare(request).getMountsList());
    }

    List<Mount> mounts(Container container) {
        MountsRequest request =
                MountsRequest.newBuilder()
                        .setSnapshotter(container.getSnapshotter())
                        .setKey(container.getSnapshotKey())
                        .build();
        return Daemon.call(() -> daemon.snapshots().mounts(request).getMountsList());
    }

    void removeSnapshot(Container container) {
        removeSnapshot(container.getSnapshotter(), container.getSnapshotKey());
    }

    private void removeSnapshot(String snapshotter, String key) {
        RemoveSnapshotRequest request =
                RemoveSnapshotRequest.newBuilder().setSnapshotter(snapshotter).setKey(key).build();
        Daemon.find(() -> daemon.snapshots().remove(request));
    }

    /** overlayfs where containerd can use it, else native, which copies. */
    String snapshotter() {
        if (snapshotter.isEmpty()) {
            PluginsRequest request =
                    PluginsRequest.newBuilder()
                            .addFilters("type==io.containerd.snapshotter.v1")
                            .build();
            List<String> usable =
                    Daemon.call(() -> daemon.introspection().plugins(request))
                            .getPluginsList()
                            .stream()
                            .filter(plugin -> !plugin.hasInitErr())
                            .map(plugin -> plugin.getId())
                            .toList();
            snapshotter =
                    List.of("overlayfs", "native").stream()
                            .filter(usable::contains)
                            .findFirst()
                            .orElseThrow(
                                    () ->
                                            DriverException.permanent(
                                                    "containerd has neither the overlayfs nor the"
                                                            + " native snapshotter"));
        }
        return snapshotter;
    }
}
