package io.hypervisor.controller.state;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.network.model.Address;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.Set;

/** The keys under which {@link NetworkState#find} finds a record's id. Pure. */
public final class NetworkKeys {
    private NetworkKeys() {}

    /** All keys of a record. */
    static Set<String> of(Message record) {
        Set<String> keys = new HashSet<>();
        switch (record) {
            case NetworkRecord r -> {
                Network network = r.getNetwork();
                keys.add(networkNamed(network.getTenantId(), network.getName()));
                if (network.getPhysicalNetwork().isEmpty()) {
                    keys.add(networkOfVni(network.getVni()));
                } else {
                    keys.add(networkOfVlan(network.getPhysicalNetwork(), network.getVlanId()));
                }
                addRequest(keys, Table.NETWORK, r.getRequest());
            }
            case SubnetRecord r -> {
                Subnet subnet = r.getSubnet();
                keys.add(subnetNamed(subnet.getNetworkId(), subnet.getName()));
                keys.add(subnetOfNetwork(subnet.getNetworkId()));
                addRequest(keys, Table.SUBNET, r.getRequest());
            }
            case AllocationRecord r -> {
                keys.add(allocationOfPort(r.getAllocation().getPortId()));
                addRequest(keys, Table.ALLOCATION, r.getRequest());
            }
            case PortRecord r -> addPort(keys, r);
            case SecurityGroupRecord r -> addGroup(keys, r);
            case RouterRecord r -> addRouter(keys, r);
            case FloatingIPRecord r -> {
                FloatingIP ip = r.getFloatingIp();
                keys.add(floatingIpOfPort(ip.getPortId()));
                keys.add(floatingIpOfNetwork(ip.getFloatingNetworkId()));
                keys.add(holderOfMac(r.getMacAddress()));
                addRequest(keys, Table.FLOATING_IP, r.getRequest());
            }
            default -> {
                // States of ports and nodes are found by their ids alone.
            }
        }
        // What a record leaves empty would only collect all those that do.
        keys.removeIf(key -> key.endsWith(" ") || key.endsWith("/"));
        return keys;
    }

    private static void addPort(Set<String> keys, PortRecord record) {
        Port port = record.getPort();
        keys.add(portNamed(port.getNetworkId(), port.getName()));
        keys.add(portOfMac(port.getNetworkId(), port.getMacAddress()));
        keys.add(holderOfMac(port.getMacAddress()));
        keys.add(portOfNetwork(port.getNetworkId()));
        keys.add(portOfSubnet(port.getSubnetId()));
        keys.add(portOfInstance(port.getInstanceId()));
        if (port.getInstanceId().isEmpty()) {
            keys.add(portOfNode(port.getNodeId()));
            keys.add(portOfDevice(port.getNodeId(), port.getDeviceName()));
        }
        port.getSecurityGroupsList().forEach(group -> keys.add(portOfGroup(group)));
        addRequest(keys, Table.PORT, record.getRequest());
    }

    private static void addGroup(Set<String> keys, SecurityGroupRecord record) {
        SecurityGroup group = record.getSecurityGroup();
        keys.add(groupNamed(group.getTenantId(), group.getName()));
        for (SecurityGroupRule rule : group.getRulesList()) {
            keys.add(groupThatNames(rule.getRemoteGroupId()));
        }
        addRequest(keys, Table.SECURITY_GROUP, record.getRequest());
    }

    private static void addRouter(Set<String> keys, RouterRecord record) {
        Router router = record.getRouter();
        keys.add(routerNamed(router.getTenantId(), router.getName()));
        keys.add(routerWithGateway(router.getExternalGateway().getNetworkId()));
        keys.add(routerOfGatewayNode(record.getGatewayNodeId()));
        keys.add(holderOfMac(record.getGatewayMac()));
        record.getInterfacesList()
                .forEach(
                        end -> {
                            keys.add(routerOfSubnet(end.getSubnetId()));
                            keys.add(routerOfNetwork(end.getNetworkId()));
                        });
        addRequest(keys, Table.ROUTER, record.getRequest());
    }

    private static void addRequest(Set<String> keys, Table table, RequestMark mark) {
        if (!mark.getId().isEmpty()) {
            keys.add(ofRequest(table, mark.getId()));
        }
    }

    /** The resource that was created under a request_id. */
    public static String ofRequest(Table table, String requestId) {
        return table.prefix() + " request " + requestId;
    }

    public static String networkNamed(String tenant, String name) {
        return "network named " + tenant + "/" + name;
    }

    public static String networkOfVni(int vni) {
        return "network vni " + Integer.toUnsignedString(vni);
    }

    /** VLAN 0: the untagged ones. */
    public static String networkOfVlan(String physicalNetwork, int vlan) {
        return "network vlan " + physicalNetwork + "/" + vlan;
    }

    public static String subnetNamed(String networkId, String name) {
        return "subnet named " + networkId + "/" + name;
    }

    public static String subnetOfNetwork(String networkId) {
        return "subnet network " + networkId;
    }

    /** The id of an address's allocation: ids of one subnet are in the order of the addresses. */
    public static String allocation(String subnetId, Address address) {
        String digits = address.bits().toString(16);
        return subnetId + "/" + "0".repeat(address.width() / 4 - digits.length()) + digits;
    }

    /** The address of an allocation's id. */
    static Address addressOf(String allocationId) {
        String digits = allocationId.substring(subnetOf(allocationId).length() + 1);
        return new Address(digits.length() > 8, new BigInteger(digits, 16));
    }

    /** The subnet of an allocation's id. */
    static String subnetOf(String allocationId) {
        return allocationId.substring(0, allocationId.indexOf('/'));
    }

    /** What has a MAC address, in any network: ports, gateways of routers, floating IPs. */
    public static String holderOfMac(String mac) {
        return "mac " + mac;
    }

    public static String allocationOfPort(String portId) {
        return "allocation port " + portId;
    }

    public static String portNamed(String networkId, String name) {
        return "port named " + networkId + "/" + name;
    }

    public static String portOfMac(String networkId, String mac) {
        return "port mac " + networkId + "/" + mac;
    }

    public static String portOfNetwork(String networkId) {
        return "port network " + networkId;
    }

    public static String portOfSubnet(String subnetId) {
        return "port subnet " + subnetId;
    }

    public static String portOfInstance(String instanceId) {
        return "port instance " + instanceId;
    }

    /** Bound to a device of a node, not to an instance. */
    public static String portOfNode(String nodeId) {
        return "port node " + nodeId;
    }

    public static String portOfDevice(String nodeId, String device) {
        return "port device " + nodeId + "/" + device;
    }

    public static String portOfGroup(String groupId) {
        return "port group " + groupId;
    }

    public static String groupNamed(String tenant, String name) {
        return "group named " + tenant + "/" + name;
    }

    /** Groups with a rule whose other end is this group. */
    public static String groupThatNames(String groupId) {
        return "group remote " + groupId;
    }

    public static String routerNamed(String tenant, String name) {
        return "router named " + tenant + "/" + name;
    }

    public static String routerWithGateway(String networkId) {
        return "router gateway " + networkId;
    }

    public static String routerOfGatewayNode(String nodeId) {
        return "router gateway node " + nodeId;
    }

    public static String routerOfSubnet(String subnetId) {
        return "router subnet " + subnetId;
    }

    public static String routerOfNetwork(String networkId) {
        return "router network " + networkId;
    }

    public static String floatingIpOfPort(String portId) {
        return "floating ip port " + portId;
    }

    public static String floatingIpOfNetwork(String networkId) {
        return "floating ip network " + networkId;
    }
}
