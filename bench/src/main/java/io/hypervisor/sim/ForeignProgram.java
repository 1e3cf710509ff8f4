package io.hypervisor.sim;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ClusterServiceGrpc.ClusterServiceBlockingStub;
import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.RegisterNodeResponse;
import io.hypervisor.core.server.HostPort;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * An agent that somebody else wrote: it registers, sends heartbeats and serves the nine methods. It
 * opens no stream, and knows nothing of epochs, generations and restart policies.
 */
final class ForeignProgram implements NodeProgram {
    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Network network;
    private final List<HostPort> controllers;
    private final boolean keepsAnnotations;
    // On its disk, forced with each change: the instances that it was asked for.
    private final Map<String, Instance> known = new TreeMap<>();

    ForeignProgram(Network network, List<HostPort> controllers, boolean keepsAnnotations) {
        this.network = network;
        this.controllers = controllers;
        this.keepsAnnotations = keepsAnnotations;
    }

    @Override
    public Supplier<Optional<Intent>> start(
            SimProcess process, HostPort address, List<FakeDriver> drivers) {
        ForeignDoor door = new ForeignDoor(known, keepsAnnotations, process, drivers);
        network.listen(address, process, new Served(List.of(door), List.of()));
        process.start("heartbeat", () -> live(process, address, door));
        return Optional::empty;
    }

    @Override
    public boolean foreign() {
        return true;
    }

    /** Tells some controller that it lives, again and again. */
    private void live(SimProcess process, HostPort address, ForeignDoor door) {
        List<SimChannel> channels =
                controllers.stream()
                        .map(to -> new SimChannel(network, process, to, PATIENCE))
                        .toList();
        Optional<RegisterNodeResponse> member = Optional.empty();
        for (int next = 0; true; ) {
            Duration pause = RETRY;
            try {
                var stub = stub(process, channels.get(next % channels.size()));
                if (member.isPresent()) {
                    beat(stub, member.get().getNodeId(), door.well());
                } else {
                    member = Optional.of(stub.registerNode(registration(process, address)));
                }
                pause = Duration.ofSeconds(member.get().getHeartbeatIntervalSeconds());
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                    member = Optional.empty();
                }
                next++;
            }
            process.tasks().pause(pause);
        }
    }

    private static ClusterServiceBlockingStub stub(SimProcess process, Channel channel) {
        return ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadline(process.clock().deadline(DEADLINE));
    }

    private static RegisterNodeRequest registration(SimProcess process, HostPort address) {
        String hostname = process.machine().name();
        return RegisterNodeRequest.newBuilder()
                .setHostname(hostname)
                .setIp(address.host())
                .setPort(address.port())
                .setCapacity(new Facts(hostname).capacity())
                .addSupportedInstanceTypes("vm")
                .addSupportedInstanceTypes("container")
                .build();
    }

    private static void beat(ClusterServiceBlockingStub stub, String id, boolean well) {
        var _ =
                stub.heartbeat(
                        HeartbeatRequest.newBuilder()
                                .setNodeId(id)
                                .setStatus(
                                        well
                                                ? NodeStatus.NODE_STATUS_READY
                                                : NodeStatus.NODE_STATUS_NOT_READY)
                                .build());
    }
}
