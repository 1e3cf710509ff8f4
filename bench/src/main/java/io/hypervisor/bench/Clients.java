package io.hypervisor.bench;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.bench.Processes.Started;

import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** What several benchmarks ask a controller. */
final class Clients {
    private Clients() {}

    /** A call over a connection of its own. */
    static <R> R with(Started controller, Function<ManagedChannel, R> call) {
        ManagedChannel channel = controller.connect();
        try {
            return call.apply(channel);
        } finally {
            channel.shutdownNow();
        }
    }

    /** How many nodes take instances; 0 while the controller does not answer. */
    static int readyNodes(Started controller) {
        try {
            return with(
                    controller,
                    channel ->
                            ClusterServiceGrpc.newBlockingStub(channel)
                                    .withDeadlineAfter(10, TimeUnit.SECONDS)
                                    .listNodes(
                                            ListNodesRequest.newBuilder()
                                                    .setStatus(NodeStatus.NODE_STATUS_READY)
                                                    .build())
                                    .getTotalCount());
        } catch (StatusRuntimeException e) {
            return 0;
        }
    }

    /** The smallest container there is. */
    static CreateInstanceRequest container(String name, String image) {
        return CreateInstanceRequest.newBuilder()
                .setName(name)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(
                        InstanceSpec.newBuilder()
                                .setImage(image)
                                .setCpuCores(1)
                                .setMemoryBytes(4 << 20))
                .build();
    }
}
