package io.hypervisor.bench;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.PlacementConfig;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.Term;
import io.hypervisor.controller.store.local.LocalStore;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** States to begin with: nodes, and instances that run on them. */
final class Seeds {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    private Seeds() {}

    /** The same id for the same number. */
    static String id(int number) {
        return "01900000-0000-7000-8000-%012x".formatted(number);
    }

    /** The same id for the same node. */
    static String nodeId(int number) {
        return "01910000-0000-7000-8000-%012x".formatted(number);
    }

    /** A READY node with room for a hundred small instances. */
    static List<Edit> node(int number) {
        NodeRecord node =
                NodeRecord.newBuilder()
                        .setId(nodeId(number))
                        .setHostname("node-" + number)
                        .setIp("127.0.0.1")
                        .setPort(1)
                        .setCapacity(
                                Resources.newBuilder()
                                        .setCpuCores(64)
                                        .setMemoryBytes(256 * GIB)
                                        .setDiskBytes(1_000 * GIB))
                        .addSupportedInstanceTypes("vm")
                        .addSupportedInstanceTypes("container")
                        .setAdminStatus(NodeStatus.NODE_STATUS_READY)
                        .build();
        NodeHealth health =
                NodeHealth.newBuilder()
                        .setNodeId(node.getId())
                        .setStatus(NodeStatus.NODE_STATUS_READY)
                        .build();
        return List.of(
                Edit.put(Table.NODE, node.getId(), node),
                Edit.put(Table.HEALTH, node.getId(), health));
    }

    /** A container that runs on a node. */
    static List<Edit> instance(int number, String nodeId) {
        String id = id(number);
        InstanceRecord instance =
                InstanceRecord.newBuilder()
                        .setId(id)
                        .setName("instance-" + number)
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(
                                InstanceSpec.newBuilder()
                                        .setImage("docker.io/library/busybox:latest")
                                        .setCpuCores(1)
                                        .setMemoryBytes(64 * MIB)
                                        .addCommand("sh"))
                        .setMetadata(Metadata.newBuilder().putLabels("app", "web"))
                        .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                        .setRunGeneration(1)
                        .build();
        PlacementRecord placement =
                PlacementRecord.newBuilder()
                        .setInstanceId(id)
                        .setNodeId(nodeId)
                        .setEpoch(1)
                        .setReservation(
                                PlacementConfig.defaults()
                                        .reservation(instance.getType(), instance.getSpec()))
                        .build();
        ObservedRecord observed =
                ObservedRecord.newBuilder()
                        .setInstanceId(id)
                        .setEpoch(1)
                        .setRunGeneration(1)
                        .setState(InstanceState.INSTANCE_STATE_RUNNING)
                        .build();
        return List.of(
                Edit.put(Table.INSTANCE, id, instance),
                Edit.put(Table.PLACEMENT, id, placement),
                Edit.put(Table.OBSERVED, id, observed));
    }

    /** Fills a controller's new data folder: 100 instances on each node. */
    static void fill(Path data, int instances) {
        try (Tasks tasks = new VirtualTasks();
                Store store = LocalStore.open(data.resolve("state.db"), tasks)) {
            CompletableFuture<Term> won = new CompletableFuture<>();
            try (var _ = store.campaign("seed", won::complete)) {
                Term term = won.join();
                List<Edit> edits = new ArrayList<>();
                for (int i = 0; i < instances; i++) {
                    if (i % 100 == 0) {
                        edits.addAll(node(i / 100));
                    }
                    edits.addAll(instance(i, nodeId(i / 100)));
                    if (edits.size() > Store.MAX_WRITES - 5 || i == instances - 1) {
                        store.commit(term, edits.stream().map(Edit::toWrite).toList());
                        edits.clear();
                    }
                }
            }
        }
    }
}
