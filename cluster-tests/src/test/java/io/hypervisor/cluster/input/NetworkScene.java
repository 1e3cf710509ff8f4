package io.hypervisor.cluster.input;

import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.NetworkServiceGrpc.NetworkServiceBlockingStub;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.SecurityRuleDirection;

import java.util.HashMap;
import java.util.Map;

/** Networks that requests run into, each resource under the text that stands for its id in rows. */
final class NetworkScene {
    static final int VNI = 4711;
    static final int VLAN = 100;
    static final String ADDRESS = "10.0.0.10";
    static final String MAC = "02:00:00:00:00:1a";
    static final String RESERVED = "10.0.0.50";
    static final String ROUTER = "198.51.100.5";
    static final String FLOATING = "198.51.100.2";
    static final String DESTINATION = "10.20.0.0/16";
    static final String HOP = "10.0.0.99";

    private final NetworkServiceBlockingStub network;
    private final Map<String, String> known = new HashMap<>();

    private NetworkScene(NetworkServiceBlockingStub network) {
        this.network = network;
    }

    /** Makes everything. */
    static Map<String, String> make(Scene scene) {
        NetworkScene made = new NetworkScene(scene.network());
        made.networks();
        made.groups();
        made.ports();
        made.routers();
        made.floatingIps();
        made.tokens();
        return made.known;
    }

    private void networks() {
        CreateNetworkRequest.Builder overlay = CreateNetworkRequest.newBuilder();
        network("{net}", overlay.setName("taken").setVni(VNI).setRequestId("made-net"));
        subnet(
                "{subnet}",
                CreateSubnetRequest.newBuilder()
                        .setNetworkId("{net}")
                        .setName("taken")
                        .setCidr("10.0.0.0/24")
                        .setRequestId("made-subnet"));
        subnet("{six}", "{net}", "six", "2001:db8::/64");
        network("{bare}", CreateNetworkRequest.newBuilder().setName("bare").setMtu(576));
        network("{other}", CreateNetworkRequest.newBuilder().setName("other"));
        subnet("{other_subnet}", "{other}", "other", "10.1.0.0/24");
        network("{overlap}", CreateNetworkRequest.newBuilder().setName("overlap"));
        subnet("{overlapping}", "{overlap}", "overlap", "10.0.0.0/25");
        network("{routed}", CreateNetworkRequest.newBuilder().setName("routed"));
        subnet("{routed_subnet}", "{routed}", "routed", "10.4.0.0/24");
        network("{full_network}", CreateNetworkRequest.newBuilder().setName("full"));
        subnet("{full}", "{full_network}", "full", "10.9.0.0/30");
        network("{shared}", CreateNetworkRequest.newBuilder().setName("shared").setShared(true));
        subnet("{shared_subnet}", "{shared}", "shared", "10.5.0.0/24");
        network(
                "{vlan}",
                CreateNetworkRequest.newBuilder()
                        .setName("vlan")
                        .setType(NetworkType.NETWORK_TYPE_VLAN)
                        .setVlanId(VLAN));
        outside("{external}", "outside");
        subnet("{public}", "{external}", "public", "198.51.100.0/28");
        outside("{dry}", "dry");
        outside("{elsewhere}", "elsewhere");
        subnet("{elsewhere_subnet}", "{elsewhere}", "elsewhere", "203.0.113.0/28");
        outside("{used_up}", "used-up");
        subnet("{used_up_subnet}", "{used_up}", "used-up", "192.0.2.0/30");
    }

    private void outside(String key, String name) {
        network(
                key,
                CreateNetworkRequest.newBuilder()
                        .setName(name)
                        .setType(NetworkType.NETWORK_TYPE_FLAT)
                        .setPhysicalNetwork(name)
                        .setExternal(true));
    }

    private void network(String key, CreateNetworkRequest.Builder request) {
        known.put(key, network.createNetwork(request.build()).getNetwork().getId());
    }

    private void subnet(String key, String network, String name, String cidr) {
        subnet(
                key,
                CreateSubnetRequest.newBuilder().setNetworkId(network).setName(name).setCidr(cidr));
    }

    private void subnet(String key, CreateSubnetRequest.Builder request) {
        request.setNetworkId(known.get(request.getNetworkId()));
        known.put(key, network.createSubnet(request.build()).getSubnet().getId());
    }

    private void groups() {
        known.put("{peer}", group("peer", ""));
        known.put("{group}", group("taken", "made-group"));
        known.put(
                "{foreign_group}",
                network.createSecurityGroup(
                                CreateSecurityGroupRequest.newBuilder()
                                        .setName("foreign")
                                        .setTenantId("elsewhere")
                                        .build())
                        .getSecurityGroup()
                        .getId());
        AddSecurityRuleRequest.Builder rule =
                AddSecurityRuleRequest.newBuilder()
                        .setSecurityGroupId(known.get("{group}"))
                        .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)
                        .setProtocol("tcp")
                        .setPortRangeMin(22)
                        .setRequestId("made-rule");
        known.put("{rule}", network.addSecurityRule(rule.build()).getRule().getId());
        var _ =
                network.addSecurityRule(
                        rule.setProtocol("udp")
                                .setRemoteGroupId(known.get("{peer}"))
                                .setRequestId("")
                                .build());
    }

    private String group(String name, String requestId) {
        return network.createSecurityGroup(
                        CreateSecurityGroupRequest.newBuilder()
                                .setName(name)
                                .setRequestId(requestId)
                                .build())
                .getSecurityGroup()
                .getId();
    }

    private void ports() {
        port(
                "{port}",
                CreatePortRequest.newBuilder()
                        .setNetworkId("{net}")
                        .setName("taken")
                        .setIpAddress(ADDRESS)
                        .setMacAddress(MAC)
                        .addSecurityGroups(known.get("{group}"))
                        .setRequestId("made-port"));
        port("{beside}", CreatePortRequest.newBuilder().setNetworkId("{net}").setName("beside"));
        port("{other_port}", CreatePortRequest.newBuilder().setNetworkId("{other}"));
        port("{filling}", CreatePortRequest.newBuilder().setNetworkId("{full_network}"));
        port(
                "{guest}",
                CreatePortRequest.newBuilder().setNetworkId("{shared}").setTenantId("acme"));
        var _ =
                network.allocateIP(
                        AllocateIPRequest.newBuilder()
                                .setSubnetId(known.get("{subnet}"))
                                .setIpAddress(RESERVED)
                                .setRequestId("made-reserved")
                                .build());
        known.put(
                "{default_group}",
                network
                        .listSecurityGroups(
                                ListSecurityGroupsRequest.newBuilder()
                                        .setTenantId("default")
                                        .build())
                        .getSecurityGroupsList()
                        .stream()
                        .filter(group -> group.getName().equals("default"))
                        .findFirst()
                        .orElseThrow()
                        .getId());
    }

    private void port(String key, CreatePortRequest.Builder request) {
        request.setNetworkId(known.get(request.getNetworkId()));
        known.put(key, network.createPort(request.build()).getPort().getId());
    }

    private void routers() {
        router(
                "{router}",
                CreateRouterRequest.newBuilder()
                        .setName("taken")
                        .setRequestId("made-router")
                        .setExternalGateway(
                                ExternalGateway.newBuilder()
                                        .setNetworkId(known.get("{external}"))
                                        .addExternalFixedIps(
                                                FixedIP.newBuilder().setIpAddress(ROUTER))));
        router("{spare}", CreateRouterRequest.newBuilder().setName("spare"));
        known.put("{interface}", attach("{subnet}", "made-interface"));
        known.put("{routed_interface}", attach("{routed_subnet}", ""));
        var _ =
                network.addRoute(
                        AddRouteRequest.newBuilder()
                                .setRouterId(known.get("{router}"))
                                .setDestination(DESTINATION)
                                .setNexthop(HOP)
                                .build());
    }

    private void router(String key, CreateRouterRequest.Builder request) {
        known.put(key, network.createRouter(request.build()).getRouter().getId());
    }

    private String attach(String subnet, String requestId) {
        return network.addRouterInterface(
                        AddRouterInterfaceRequest.newBuilder()
                                .setRouterId(known.get("{router}"))
                                .setSubnetId(known.get(subnet))
                                .setRequestId(requestId)
                                .build())
                .getPortId();
    }

    private void floatingIps() {
        known.put("{floating}", floatingIp("{external}", "made-floating"));
        known.put("{idle}", floatingIp("{external}", ""));
        known.put("{last}", floatingIp("{used_up}", ""));
        var _ =
                network.associateFloatingIP(
                        AssociateFloatingIPRequest.newBuilder()
                                .setFloatingIpId(known.get("{floating}"))
                                .setPortId(known.get("{port}"))
                                .build());
    }

    private String floatingIp(String key, String requestId) {
        return network.createFloatingIP(
                        CreateFloatingIPRequest.newBuilder()
                                .setFloatingNetworkId(known.get(key))
                                .setRequestId(requestId)
                                .build())
                .getFloatingIp()
                .getId();
    }

    private void tokens() {
        known.put(
                "{networks_token}",
                network.listNetworks(ListNetworksRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken());
        known.put(
                "{subnets_token}",
                network.listSubnets(ListSubnetsRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken());
        known.put(
                "{allocations_token}",
                network.listAllocations(
                                ListAllocationsRequest.newBuilder()
                                        .setSubnetId(known.get("{subnet}"))
                                        .setPageSize(1)
                                        .build())
                        .getNextPageToken());
        known.put(
                "{ports_token}",
                network.listPorts(ListPortsRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken());
        known.put(
                "{groups_token}",
                network.listSecurityGroups(
                                ListSecurityGroupsRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken());
        known.put(
                "{routers_token}",
                network.listRouters(ListRoutersRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken());
        known.put(
                "{floating_ips_token}",
                network.listFloatingIPs(ListFloatingIPsRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken());
    }
}
