package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;

import io.grpc.Status;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.Test;

/** Two replicas over one store. */
final class TwoControllersTest {
    @Test
    void aFollowerForwardsWritesServesReadsAndTakesOver() {
        try (VirtualTasks storeTasks = new VirtualTasks();
                FakeAgent agent = new FakeAgent()) {
            MemoryStore store = new MemoryStore(storeTasks, 10_000);
            TestController leader = new TestController(store.connect());
            try (TestController follower = new TestController(store.connect())) {
                assertThat(leader.controller().leading()).isTrue();
                assertThat(follower.controller().leading()).isFalse();
                var cluster = ClusterServiceGrpc.newBlockingStub(follower.channel());
                var compute = ComputeServiceGrpc.newBlockingStub(follower.channel());
                String node = EdgeTest.ready(cluster, TestController.node("node-1", agent.port()));

                Instance made = compute.createInstance(EdgeTest.container("forwarded"));
                assertThat(made.getNodeId()).isEqualTo(node);
                GetInstanceRequest get =
                        GetInstanceRequest.newBuilder()
                                .setInstanceId(made.getId())
                                .setMinRevision(made.getRevision())
                                .build();
                assertThat(compute.getInstance(get).getName()).isEqualTo("forwarded");
                assertThat(
                                ComputeServiceGrpc.newBlockingStub(leader.channel())
                                        .getInstance(get)
                                        .getName())
                        .isEqualTo("forwarded");
                Status refused =
                        EdgeTest.statusOf(
                                () -> compute.createInstance(EdgeTest.container("forwarded")));
                assertThat(refused.getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
                assertThat(
                                compute.watchInstance(WatchInstanceRequest.getDefaultInstance())
                                        .next()
                                        .getInstance()
                                        .getId())
                        .isEqualTo(made.getId());

                leader.close();
                assertThat(
                                compute.listInstances(ListInstancesRequest.getDefaultInstance())
                                        .getInstancesCount())
                        .as("reads are never gone")
                        .isEqualTo(1);
                await().until(() -> follower.controller().leading());
                await().until(
                                () ->
                                        EdgeTest.statusOf(
                                                        () ->
                                                                compute.createInstance(
                                                                        EdgeTest.container(
                                                                                "after")))
                                                .isOk());
                assertThat(cluster.getClusterInfo(Empty.getDefaultInstance()).getTotalInstances())
                        .isEqualTo(2);
            }
        }
    }
}
