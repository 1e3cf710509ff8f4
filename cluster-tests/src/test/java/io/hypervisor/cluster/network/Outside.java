package io.hypervisor.cluster.network;

import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.IPPool;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkServiceGrpc.NetworkServiceBlockingStub;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.core.Command;
import io.hypervisor.network.testing.Namespace;

import java.util.UUID;

/** The physical network as the cluster knows it, with the machine that is out there. */
final class Outside implements AutoCloseable {
    final Network network;
    final Subnet v4;
    final Subnet v6;
    private final NetworkServiceBlockingStub api;
    private final Namespace machine;

    Outside(NetworkCluster cluster) {
        api = cluster.network();
        machine = cluster.fabric.outside();
        network =
                api.createNetwork(
                                CreateNetworkRequest.newBuilder()
                                        .setName("outside-" + UUID.randomUUID())
                                        .setType(NetworkType.NETWORK_TYPE_FLAT)
                                        .setExternal(true)
                                        .build())
                        .getNetwork();
        v4 = subnet(Fabric.OUTSIDE_CIDR, Fabric.OUTSIDE, "203.0.113.100", "203.0.113.200");
        v6 =
                subnet(
                        Fabric.OUTSIDE6_CIDR,
                        Fabric.OUTSIDE6,
                        "2001:db8:113::100",
                        "2001:db8:113::1ff");
    }

    private Subnet subnet(String cidr, String gateway, String first, String last) {
        return api.createSubnet(
                        CreateSubnetRequest.newBuilder()
                                .setName(cidr.contains(":") ? "v6" : "v4")
                                .setNetworkId(network.getId())
                                .setCidr(cidr)
                                .setGatewayIp(gateway)
                                .addAllocationPools(
                                        IPPool.newBuilder().setStart(first).setEnd(last))
                                .build())
                .getSubnet();
    }

    /** A request for a router that leads there. */
    CreateRouterRequest.Builder router(boolean snat) {
        return CreateRouterRequest.newBuilder()
                .setExternalGateway(
                        ExternalGateway.newBuilder()
                                .setNetworkId(network.getId())
                                .setEnableSnat(snat));
    }

    /** The address of a router out there. */
    static String address(Routed routed, boolean ipv6) {
        return routed.router.getExternalGateway().getExternalFixedIpsList().stream()
                .map(fixed -> fixed.getIpAddress())
                .filter(address -> address.contains(":") == ipv6)
                .findFirst()
                .orElseThrow();
    }

    /** An address there that leads to no port yet. */
    FloatingIP floatingIp() {
        return api.createFloatingIP(
                        CreateFloatingIPRequest.newBuilder()
                                .setFloatingNetworkId(network.getId())
                                .build())
                .getFloatingIp();
    }

    void associate(FloatingIP floating, Endpoint endpoint) {
        var _ =
                api.associateFloatingIP(
                        AssociateFloatingIPRequest.newBuilder()
                                .setFloatingIpId(floating.getId())
                                .setPortId(endpoint.port.getId())
                                .build());
    }

    void disassociate(FloatingIP floating) {
        var _ =
                api.disassociateFloatingIP(
                        DisassociateFloatingIPRequest.newBuilder()
                                .setFloatingIpId(floating.getId())
                                .build());
    }

    void delete(FloatingIP floating) {
        var _ =
                api.deleteFloatingIP(
                        DeleteFloatingIPRequest.newBuilder()
                                .setFloatingIpId(floating.getId())
                                .build());
    }

    /** Tells the machine out there the way to a subnet. */
    void route(String cidr, String router) {
        machine.run("ip", "route", "replace", cidr, "via", router);
    }

    /** Runs a program out there. */
    Command.Ended attempt(String... command) {
        return machine.attempt(command);
    }

    /** Whether a ping from out there is answered. */
    boolean pings(String address) {
        return attempt("ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", address).ok();
    }

    /** What arrives out there. */
    Capture capture(String... filter) {
        return new Capture(machine, "eth0", filter);
    }

    @Override
    public void close() {
        for (Subnet subnet : new Subnet[] {v4, v6}) {
            api.deleteSubnet(DeleteSubnetRequest.newBuilder().setSubnetId(subnet.getId()).build());
        }
        api.deleteNetwork(DeleteNetworkRequest.newBuilder().setNetworkId(network.getId()).build());
    }
}
