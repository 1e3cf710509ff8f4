package io.hypervisor.controller.edge;

import io.grpc.BindableService;
import io.grpc.Channel;
import io.grpc.ServerInterceptor;
import io.hypervisor.api.v1.StorageServiceGrpc;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.feed.NodeFeed;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.watch.WatchHub;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;
import io.hypervisor.core.server.HostPort;

import java.util.List;
import java.util.function.Function;

/**
 * The public services, and what every call to them passes through, innermost first. The same
 * objects serve gRPC and HTTP.
 */
public record Edge(List<BindableService> services, List<ServerInterceptor> interceptors) {
    /**
     * Services over what the replica knows.
     *
     * @param channels connections to replicas and nodes
     */
    public static Edge of(
            Replica replica,
            WatchHub hub,
            Contacts contacts,
            NodeFeed.Timing timing,
            NetworkConfig network,
            Function<HostPort, Channel> channels,
            Clock clock,
            Ids ids) {
        NodeDoor door = new NodeDoor(channels);
        Networking networking = new Networking(replica, clock, ids, network);
        return new Edge(
                List.of(
                        new ClusterApi(replica, hub, contacts, timing, clock, ids),
                        new ComputeApi(hub, door, contacts, networking),
                        new AgentApi(replica::snapshot, door),
                        new NetworkApi(networking, hub, contacts),
                        // All methods answer UNIMPLEMENTED: there are no volumes yet.
                        new StorageServiceGrpc.StorageServiceImplBase() {}),
                List.of(
                        new Headers(),
                        new Forwarding(
                                replica::leading,
                                () -> replica.leaderAddress().map(HostPort::parse),
                                channels,
                                clock)));
    }
}
