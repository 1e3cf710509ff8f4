package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkServiceGrpc.NetworkServiceBlockingStub;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.network.testing.Guest;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;

/** A network with its subnets and endpoints, gone when closed. */
final class Lan implements AutoCloseable {
    final Network network;
    final Subnet v4;
    final Subnet v6;
    private final NetworkCluster cluster;
    private final Deque<Runnable> undo = new ArrayDeque<>();
    private final List<Endpoint> endpoints = new ArrayList<>();

    private Lan(NetworkCluster cluster, Network network, Subnet v4, Subnet v6) {
        this.cluster = cluster;
        this.network = network;
        this.v4 = v4;
        this.v6 = v6;
    }

    /** An overlay network with an IPv4 and an IPv6 subnet: "10.1.0.0/24", "fd01::/64". */
    static Lan overlay(NetworkCluster cluster, String cidr, String cidr6) {
        return create(cluster, CreateNetworkRequest.newBuilder(), cidr, cidr6);
    }

    /** An overlay network whose guests get no addresses. */
    static Lan withoutDhcp(NetworkCluster cluster, String cidr, String cidr6) {
        return create(cluster, CreateNetworkRequest.newBuilder(), false, cidr, cidr6);
    }

    /** A network of any type; its name is made up. */
    static Lan create(
            NetworkCluster cluster,
            CreateNetworkRequest.Builder request,
            String cidr,
            String cidr6) {
        return create(cluster, request, true, cidr, cidr6);
    }

    private static Lan create(
            NetworkCluster cluster,
            CreateNetworkRequest.Builder request,
            boolean dhcp,
            String cidr,
            String cidr6) {
        NetworkServiceBlockingStub api = cluster.network();
        String name = "net-" + UUID.randomUUID();
        Network network = api.createNetwork(request.setName(name).build()).getNetwork();
        return new Lan(
                cluster,
                network,
                subnet(api, network, dhcp, cidr),
                subnet(api, network, dhcp, cidr6));
    }

    private static Subnet subnet(
            NetworkServiceBlockingStub api, Network network, boolean dhcp, String cidr) {
        return api.createSubnet(
                        CreateSubnetRequest.newBuilder()
                                .setName(cidr.contains(":") ? "v6" : "v4")
                                .setNetworkId(network.getId())
                                .setCidr(cidr)
                                .setEnableDhcp(dhcp)
                                .build())
                .getSubnet();
    }

    /** Writes down, beside the logs, what the switches of all hosts do now. */
    void describe() {
        cluster.hosts.forEach(NetworkHost::describe);
    }

    /** Those made so far. */
    List<Endpoint> endpoints() {
        return endpoints;
    }

    /** A guest on a host with a port of both families, its addresses set by hand. */
    Endpoint endpoint(NetworkHost host, String... securityGroups) {
        Endpoint made =
                bare(
                        host,
                        CreatePortRequest.newBuilder()
                                .addAllSecurityGroups(List.of(securityGroups)));
        made.configure();
        return made;
    }

    /** A guest on a host with an active port; it has configured nothing. */
    Endpoint bare(NetworkHost host, CreatePortRequest.Builder request) {
        NetworkServiceBlockingStub api = cluster.network();
        Port port =
                api.createPort(
                                request.setNetworkId(network.getId())
                                        .setSubnetId(v4.getId())
                                        .build())
                        .getPort();
        undo.push(
                () ->
                        api.deletePort(
                                DeletePortRequest.newBuilder().setPortId(port.getId()).build()));
        IPAllocation second =
                api.allocateIP(
                                AllocateIPRequest.newBuilder()
                                        .setSubnetId(v6.getId())
                                        .setPortId(port.getId())
                                        .build())
                        .getAllocation();
        undo.push(
                () ->
                        api.releaseIP(
                                ReleaseIPRequest.newBuilder()
                                        .setSubnetId(v6.getId())
                                        .setIpAddress(second.getIpAddress())
                                        .build()));
        Guest guest = host.guest(port.getMacAddress());
        undo.push(guest::close);
        Endpoint endpoint = new Endpoint(this, host, port, guest, second.getIpAddress());
        bind(endpoint);
        endpoints.add(endpoint);
        return endpoint;
    }

    private void bind(Endpoint endpoint) {
        NetworkServiceBlockingStub api = cluster.network();
        String id = endpoint.port.getId();
        api.bindPort(
                BindPortRequest.newBuilder()
                        .setPortId(id)
                        .setNodeId(cluster.nodeId(endpoint.host))
                        .setDeviceName(endpoint.guest.device())
                        .build());
        undo.push(() -> api.unbindPort(UnbindPortRequest.newBuilder().setPortId(id).build()));
        awaitStatus(endpoint, "ACTIVE");
    }

    /** Waits until a port has a status. */
    void awaitStatus(Endpoint endpoint, String status) {
        GetPortRequest get = GetPortRequest.newBuilder().setPortId(endpoint.port.getId()).build();
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(
                        () -> {
                            Port now = cluster.network().getPort(get).getPort();
                            if (!now.getStatus().equals(status)) {
                                throw new AssertionError(
                                        now.getStatus() + ": " + now.getStatusReason());
                            }
                        });
    }

    @Override
    public void close() {
        undo.forEach(Runnable::run);
        NetworkServiceBlockingStub api = cluster.network();
        for (Subnet subnet : List.of(v4, v6)) {
            api.deleteSubnet(DeleteSubnetRequest.newBuilder().setSubnetId(subnet.getId()).build());
        }
        api.deleteNetwork(DeleteNetworkRequest.newBuilder().setNetworkId(network.getId()).build());
    }
}
