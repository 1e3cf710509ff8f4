package io.hypervisor.agent.network;

import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodePort;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Subnet;

import java.util.List;

/** Small networks, as a node receives them. */
public final class Scenes {
    static final String NODE = "0190b6d4-8c1e-7a51-9f3e-0242ac120001";
    static final String NETWORK = "0190b6d4-8c1e-7a51-9f3e-0242ac110001";
    static final String SUBNET = "0190b6d4-8c1e-7a51-9f3e-0242ac110002";
    static final String GROUP = "0190b6d4-8c1e-7a51-9f3e-0242ac110003";

    private Scenes() {}

    /** An overlay. */
    public static NetworkObject network() {
        return network(
                Network.newBuilder().setType(NetworkType.NETWORK_TYPE_VXLAN).setVni(0xABCDEF));
    }

    /** A network of that physical network. */
    public static NetworkObject vlan(String physicalNetwork) {
        return network(
                Network.newBuilder()
                        .setType(NetworkType.NETWORK_TYPE_VLAN)
                        .setVlanId(100)
                        .setPhysicalNetwork(physicalNetwork));
    }

    private static NetworkObject network(Network.Builder network) {
        return NetworkObject.newBuilder()
                .setKey("network/" + NETWORK)
                .setNetwork(network.setId(NETWORK).setMtu(1450).setAdminState(true))
                .build();
    }

    /** 10.7.0.0/16. */
    public static NetworkObject subnet() {
        return NetworkObject.newBuilder()
                .setKey("subnet/" + SUBNET)
                .setSubnet(
                        Subnet.newBuilder()
                                .setId(SUBNET)
                                .setNetworkId(NETWORK)
                                .setCidr("10.7.0.0/16")
                                .setGatewayIp("10.7.0.1")
                                .setEnableDhcp(true))
                .build();
    }

    /** A group that allows everything in both directions. */
    public static NetworkObject group() {
        SecurityGroup.Builder group = SecurityGroup.newBuilder().setId(GROUP).setName("open");
        for (SecurityRuleDirection direction :
                List.of(
                        SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS,
                        SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS)) {
            group.addRules(
                    SecurityGroupRule.newBuilder()
                            .setId("rule-" + direction.getNumber())
                            .setSecurityGroupId(GROUP)
                            .setDirection(direction)
                            .setEtherType(EtherType.ETHER_TYPE_IPV4)
                            .setProtocol("any")
                            .setRemoteIpPrefix("0.0.0.0/0"));
        }
        return NetworkObject.newBuilder()
                .setKey("security_group/" + GROUP)
                .setSecurityGroup(group)
                .build();
    }

    /** A port that is bound to a device of the node by hand. */
    public static NetworkObject port(String id, String device) {
        return port(id, device, NODE);
    }

    /** The same of another node. */
    public static NetworkObject port(String id, String device, String nodeId) {
        return port(Port.newBuilder().setId(id).setDeviceName(device).setNodeId(nodeId));
    }

    /** A port of an instance. */
    public static NetworkObject portOf(String id, String instanceId) {
        return port(Port.newBuilder().setId(id).setInstanceId(instanceId).setNodeId(NODE));
    }

    /** A port with the address and MAC address that the end of its id says. */
    public static NetworkObject port(Port.Builder port) {
        int last = Integer.parseInt(port.getId().substring(port.getId().length() - 2), 16);
        String address = "10.7.0." + last;
        return NetworkObject.newBuilder()
                .setKey("port/" + port.getId())
                .setPort(
                        NodePort.newBuilder()
                                .setPort(
                                        port.setNetworkId(NETWORK)
                                                .setSubnetId(SUBNET)
                                                .setMacAddress(mac(last))
                                                .setIpAddress(address)
                                                .addSecurityGroups(GROUP)
                                                .setAdminState(true))
                                .addAddresses(address))
                .build();
    }

    /** A MAC address. */
    public static String mac(int number) {
        return "02:68:76:00:00:%02x".formatted(number);
    }
}
