package io.hypervisor.controller.testkit;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Table;

/** Plain records, and the edits that write them. */
public final class Records {
    public static final String CLUSTER = "cluster-1";

    private Records() {}

    /** The cluster and its first leader. */
    public static Edit[] cluster() {
        return new Edit[] {
            Edit.put(
                    Table.CLUSTER,
                    Table.SELF,
                    ClusterRecord.newBuilder().setClusterId(CLUSTER).setName("test").build()),
            Edit.put(
                    Table.LEADER,
                    Table.SELF,
                    LeaderRecord.newBuilder().setAddress("10.0.0.1:50051").build())
        };
    }

    /** A worker of 4 processors that takes containers. */
    public static NodeRecord node(String id) {
        return NodeRecord.newBuilder()
                .setId(id)
                .setHostname("host-" + id)
                .setIp("127.0.0.1")
                .setPort(50052)
                .setCapacity(
                        Resources.newBuilder()
                                .setCpuCores(4)
                                .setMemoryBytes(16L << 30)
                                .setDiskBytes(100L << 30))
                .addSupportedInstanceTypes("container")
                .setAdminStatus(NodeStatus.NODE_STATUS_READY)
                .build();
    }

    /** A container that should run. */
    public static InstanceRecord instance(String id) {
        return InstanceRecord.newBuilder()
                .setId(id)
                .setName("name-" + id)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage("busybox").setCpuCores(1))
                .setRunIntent(RunIntent.RUN_INTENT_RUNNING)
                .setRunGeneration(1)
                .build();
    }

    /** Where an instance is placed, at epoch 1. */
    public static PlacementRecord placement(String instanceId, String nodeId) {
        return PlacementRecord.newBuilder()
                .setInstanceId(instanceId)
                .setNodeId(nodeId)
                .setEpoch(1)
                .build();
    }

    /** An instance as its node sees it, at epoch 1. */
    public static ObservedRecord observed(String instanceId, InstanceState state) {
        return ObservedRecord.newBuilder()
                .setInstanceId(instanceId)
                .setEpoch(1)
                .setRunGeneration(1)
                .setState(state)
                .build();
    }

    /** Writes a node. */
    public static Edit put(NodeRecord node) {
        return Edit.put(Table.NODE, node.getId(), node);
    }

    /** Writes a node's health. */
    public static Edit health(String nodeId, NodeStatus status) {
        return Edit.put(
                Table.HEALTH,
                nodeId,
                NodeHealth.newBuilder().setNodeId(nodeId).setStatus(status).build());
    }

    /** Writes an instance. */
    public static Edit put(InstanceRecord instance) {
        return Edit.put(Table.INSTANCE, instance.getId(), instance);
    }

    /** Writes a placement. */
    public static Edit put(PlacementRecord placement) {
        return Edit.put(Table.PLACEMENT, placement.getInstanceId(), placement);
    }

    /** Writes what a node sees. */
    public static Edit put(ObservedRecord observed) {
        return Edit.put(Table.OBSERVED, observed.getInstanceId(), observed);
    }
}
