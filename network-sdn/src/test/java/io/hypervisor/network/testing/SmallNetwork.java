package io.hypervisor.network.testing;

import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodePort;
import io.hypervisor.api.internal.v1.NodeRouter;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.List;

/**
 * An overlay with a subnet of each family, DHCP, a router at the gateway addresses, and a few ports
 * whose group lets everything pass.
 */
public final class SmallNetwork {
    public static final String NODE = "n1";
    public static final int MTU = 1400;
    public static final String GATEWAY_MAC = "02:68:76:00:00:01";

    private static final String NETWORK = "net";
    private static final String GROUP = "all";
    private final List<NetworkObject> objects = new ArrayList<>();

    public SmallNetwork() {
        Network network =
                Network.newBuilder()
                        .setId(NETWORK)
                        .setType(NetworkType.NETWORK_TYPE_VXLAN)
                        .setVni(5000)
                        .setMtu(MTU)
                        .setAdminState(true)
                        .build();
        objects.add(NetworkObject.newBuilder().setNetwork(network).build());
        subnet("sub4", "10.0.0.0/24", "10.0.0.1");
        subnet("sub6", "fd00::/64", "fd00::1");
        SecurityGroup.Builder group = SecurityGroup.newBuilder().setId(GROUP);
        for (EtherType family : List.of(EtherType.ETHER_TYPE_IPV4, EtherType.ETHER_TYPE_IPV6)) {
            for (SecurityRuleDirection way :
                    List.of(
                            SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS,
                            SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS)) {
                group.addRules(
                        SecurityGroupRule.newBuilder()
                                .setId(family + "-" + way)
                                .setSecurityGroupId(GROUP)
                                .setDirection(way)
                                .setEtherType(family)
                                .setProtocol("any"));
            }
        }
        objects.add(NetworkObject.newBuilder().setSecurityGroup(group).build());
        objects.add(
                NetworkObject.newBuilder()
                        .setRouter(
                                NodeRouter.newBuilder()
                                        .setRouter(
                                                Router.newBuilder()
                                                        .setId("edge")
                                                        .setAdminState(true))
                                        .addInterfaces(end("sub4", "10.0.0.1"))
                                        .addInterfaces(end("sub6", "fd00::1")))
                        .build());
    }

    private static RouterInterface end(String subnet, String address) {
        return RouterInterface.newBuilder()
                .setSubnetId(subnet)
                .setNetworkId(NETWORK)
                .setPortId("edge-" + subnet)
                .setMacAddress(GATEWAY_MAC)
                .setIpAddress(address)
                .build();
    }

    private void subnet(String id, String cidr, String gateway) {
        subnet(
                Subnet.newBuilder()
                        .setId(id)
                        .setNetworkId(NETWORK)
                        .setCidr(cidr)
                        .setGatewayIp(gateway)
                        .setIpv6(cidr.contains(":"))
                        .setEnableDhcp(true)
                        .build());
    }

    /** One more subnet of the network, or another form of one that it has. */
    public SmallNetwork subnet(Subnet subnet) {
        objects.add(
                NetworkObject.newBuilder()
                        .setSubnet(subnet.toBuilder().setNetworkId(NETWORK))
                        .build());
        return this;
    }

    /** Port number N: id "port-N", MAC address and addresses that end in N, on this node. */
    public SmallNetwork port(int number, String hostname) {
        return port(number, hostname, NODE);
    }

    /** The same on another node. */
    public SmallNetwork port(int number, String hostname, String node) {
        objects.add(
                NetworkObject.newBuilder()
                        .setPort(
                                NodePort.newBuilder()
                                        .setPort(
                                                Port.newBuilder()
                                                        .setId(id(number))
                                                        .setNetworkId(NETWORK)
                                                        .setMacAddress(mac(number))
                                                        .setIpAddress(ipv4(number))
                                                        .setNodeId(node)
                                                        .addSecurityGroups(GROUP)
                                                        .setAdminState(true))
                                        .addAddresses(ipv4(number))
                                        .addAddresses(ipv6(number))
                                        .addHostnames(hostname))
                        .build());
        return this;
    }

    public static String id(int number) {
        return "port-" + number;
    }

    public static String mac(int number) {
        return "02:68:76:00:01:0" + number;
    }

    public static String ipv4(int number) {
        return "10.0.0." + number;
    }

    public static String ipv6(int number) {
        return "fd00::" + number;
    }

    public NodeView view() {
        return NodeView.of(objects);
    }
}
