package io.hypervisor.controller.edge;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouteResponse;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.AddRouterInterfaceResponse;
import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.AddSecurityRuleResponse;
import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.AllocateIPResponse;
import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.AssociateFloatingIPResponse;
import io.hypervisor.api.v1.AwaitNetworkRequest;
import io.hypervisor.api.v1.AwaitNetworkResponse;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.BindPortResponse;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPResponse;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateNetworkResponse;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreatePortResponse;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.CreateRouterResponse;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.CreateSecurityGroupResponse;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.CreateSubnetResponse;
import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.DeleteFloatingIPResponse;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkResponse;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.DeletePortResponse;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.api.v1.DeleteRouterResponse;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.api.v1.DeleteSecurityGroupResponse;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.DeleteSubnetResponse;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.DisassociateFloatingIPResponse;
import io.hypervisor.api.v1.GetFloatingIPRequest;
import io.hypervisor.api.v1.GetFloatingIPResponse;
import io.hypervisor.api.v1.GetNetworkRequest;
import io.hypervisor.api.v1.GetNetworkResponse;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.GetPortResponse;
import io.hypervisor.api.v1.GetRouterRequest;
import io.hypervisor.api.v1.GetRouterResponse;
import io.hypervisor.api.v1.GetSecurityGroupRequest;
import io.hypervisor.api.v1.GetSecurityGroupResponse;
import io.hypervisor.api.v1.GetSubnetRequest;
import io.hypervisor.api.v1.GetSubnetResponse;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListAllocationsResponse;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.api.v1.ListFloatingIPsResponse;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.ListPortsResponse;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.ListRoutersResponse;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.ListSecurityGroupsResponse;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.ListSubnetsResponse;
import io.hypervisor.api.v1.ListVTEPsRequest;
import io.hypervisor.api.v1.ListVTEPsResponse;
import io.hypervisor.api.v1.NetworkEvent;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.ReleaseIPResponse;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.RemoveRouteResponse;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.RemoveRouterInterfaceResponse;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.RemoveSecurityRuleResponse;
import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.api.v1.TracePacketResponse;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.api.v1.UnbindPortResponse;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.api.v1.UpdateNetworkResponse;
import io.hypervisor.api.v1.UpdatePortRequest;
import io.hypervisor.api.v1.UpdatePortResponse;
import io.hypervisor.api.v1.UpdateRouterRequest;
import io.hypervisor.api.v1.UpdateRouterResponse;
import io.hypervisor.api.v1.UpdateSecurityGroupRequest;
import io.hypervisor.api.v1.UpdateSecurityGroupResponse;
import io.hypervisor.api.v1.UpdateSubnetRequest;
import io.hypervisor.api.v1.UpdateSubnetResponse;
import io.hypervisor.api.v1.WatchNetworkRequest;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.watch.WatchHub;

/** NetworkService: each method is that of its family. */
final class NetworkApi extends NetworkServiceGrpc.NetworkServiceImplBase {
    private final Networks networks;
    private final SecurityGroups securityGroups;
    private final Routers routers;
    private final FloatingIpMethods floatingIps;
    private final NetworkStreams streams;
    private final Subnets subnets;
    private final Ports ports;

    /** Serves what the replica knows, and decides through it. */
    NetworkApi(Networking networking, WatchHub hub, Contacts contacts) {
        this.networks = new Networks(networking);
        this.securityGroups = new SecurityGroups(networking);
        this.routers = new Routers(networking);
        this.floatingIps = new FloatingIpMethods(networking);
        this.streams = new NetworkStreams(networking, hub, contacts);
        this.subnets = new Subnets(networking);
        this.ports = new Ports(networking);
    }

    // ---- networks

    @Override
    public void createNetwork(
            CreateNetworkRequest request, StreamObserver<CreateNetworkResponse> observer) {
        Calls.answer(observer, networks.create(request));
    }

    @Override
    public void getNetwork(GetNetworkRequest request, StreamObserver<GetNetworkResponse> observer) {
        Calls.answer(observer, networks.get(request));
    }

    @Override
    public void listNetworks(
            ListNetworksRequest request, StreamObserver<ListNetworksResponse> observer) {
        Calls.answer(observer, networks.list(request));
    }

    @Override
    public void updateNetwork(
            UpdateNetworkRequest request, StreamObserver<UpdateNetworkResponse> observer) {
        Calls.answer(observer, networks.update(request));
    }

    @Override
    public void deleteNetwork(
            DeleteNetworkRequest request, StreamObserver<DeleteNetworkResponse> observer) {
        Calls.answer(observer, networks.delete(request));
    }

    // ---- subnets and addresses

    @Override
    public void createSubnet(
            CreateSubnetRequest request, StreamObserver<CreateSubnetResponse> observer) {
        Calls.answer(observer, subnets.create(request));
    }

    @Override
    public void getSubnet(GetSubnetRequest request, StreamObserver<GetSubnetResponse> observer) {
        Calls.answer(observer, subnets.get(request));
    }

    @Override
    public void listSubnets(
            ListSubnetsRequest request, StreamObserver<ListSubnetsResponse> observer) {
        Calls.answer(observer, subnets.list(request));
    }

    @Override
    public void updateSubnet(
            UpdateSubnetRequest request, StreamObserver<UpdateSubnetResponse> observer) {
        Calls.answer(observer, subnets.update(request));
    }

    @Override
    public void deleteSubnet(
            DeleteSubnetRequest request, StreamObserver<DeleteSubnetResponse> observer) {
        Calls.answer(observer, subnets.delete(request));
    }

    @Override
    public void allocateIP(AllocateIPRequest request, StreamObserver<AllocateIPResponse> observer) {
        Calls.answer(observer, subnets.allocate(request));
    }

    @Override
    public void releaseIP(ReleaseIPRequest request, StreamObserver<ReleaseIPResponse> observer) {
        Calls.answer(observer, subnets.release(request));
    }

    @Override
    public void listAllocations(
            ListAllocationsRequest request, StreamObserver<ListAllocationsResponse> observer) {
        Calls.answer(observer, subnets.allocations(request));
    }

    // ---- ports

    @Override
    public void createPort(CreatePortRequest request, StreamObserver<CreatePortResponse> observer) {
        Calls.answer(observer, ports.create(request));
    }

    @Override
    public void getPort(GetPortRequest request, StreamObserver<GetPortResponse> observer) {
        Calls.answer(observer, ports.get(request));
    }

    @Override
    public void listPorts(ListPortsRequest request, StreamObserver<ListPortsResponse> observer) {
        Calls.answer(observer, ports.list(request));
    }

    @Override
    public void updatePort(UpdatePortRequest request, StreamObserver<UpdatePortResponse> observer) {
        Calls.answer(observer, ports.update(request));
    }

    @Override
    public void deletePort(DeletePortRequest request, StreamObserver<DeletePortResponse> observer) {
        Calls.answer(observer, ports.delete(request));
    }

    @Override
    public void bindPort(BindPortRequest request, StreamObserver<BindPortResponse> observer) {
        Calls.answer(observer, ports.bind(request));
    }

    @Override
    public void unbindPort(UnbindPortRequest request, StreamObserver<UnbindPortResponse> observer) {
        Calls.answer(observer, ports.unbind(request));
    }

    @Override
    public void tracePacket(
            TracePacketRequest request, StreamObserver<TracePacketResponse> observer) {
        Calls.answer(observer, ports.trace(request));
    }

    // ---- security groups

    @Override
    public void createSecurityGroup(
            CreateSecurityGroupRequest request,
            StreamObserver<CreateSecurityGroupResponse> observer) {
        Calls.answer(observer, securityGroups.create(request));
    }

    @Override
    public void getSecurityGroup(
            GetSecurityGroupRequest request, StreamObserver<GetSecurityGroupResponse> observer) {
        Calls.answer(observer, securityGroups.get(request));
    }

    @Override
    public void listSecurityGroups(
            ListSecurityGroupsRequest request,
            StreamObserver<ListSecurityGroupsResponse> observer) {
        Calls.answer(observer, securityGroups.list(request));
    }

    @Override
    public void updateSecurityGroup(
            UpdateSecurityGroupRequest request,
            StreamObserver<UpdateSecurityGroupResponse> observer) {
        Calls.answer(observer, securityGroups.update(request));
    }

    @Override
    public void deleteSecurityGroup(
            DeleteSecurityGroupRequest request,
            StreamObserver<DeleteSecurityGroupResponse> observer) {
        Calls.answer(observer, securityGroups.delete(request));
    }

    @Override
    public void addSecurityRule(
            AddSecurityRuleRequest request, StreamObserver<AddSecurityRuleResponse> observer) {
        Calls.answer(observer, securityGroups.addRule(request));
    }

    @Override
    public void removeSecurityRule(
            RemoveSecurityRuleRequest request,
            StreamObserver<RemoveSecurityRuleResponse> observer) {
        Calls.answer(observer, securityGroups.removeRule(request));
    }

    // ---- routers

    @Override
    public void createRouter(
            CreateRouterRequest request, StreamObserver<CreateRouterResponse> observer) {
        Calls.answer(observer, routers.create(request));
    }

    @Override
    public void getRouter(GetRouterRequest request, StreamObserver<GetRouterResponse> observer) {
        Calls.answer(observer, routers.get(request));
    }

    @Override
    public void listRouters(
            ListRoutersRequest request, StreamObserver<ListRoutersResponse> observer) {
        Calls.answer(observer, routers.list(request));
    }

    @Override
    public void updateRouter(
            UpdateRouterRequest request, StreamObserver<UpdateRouterResponse> observer) {
        Calls.answer(observer, routers.update(request));
    }

    @Override
    public void deleteRouter(
            DeleteRouterRequest request, StreamObserver<DeleteRouterResponse> observer) {
        Calls.answer(observer, routers.delete(request));
    }

    @Override
    public void addRouterInterface(
            AddRouterInterfaceRequest request,
            StreamObserver<AddRouterInterfaceResponse> observer) {
        Calls.answer(observer, routers.addInterface(request));
    }

    @Override
    public void removeRouterInterface(
            RemoveRouterInterfaceRequest request,
            StreamObserver<RemoveRouterInterfaceResponse> observer) {
        Calls.answer(observer, routers.removeInterface(request));
    }

    @Override
    public void addRoute(AddRouteRequest request, StreamObserver<AddRouteResponse> observer) {
        Calls.answer(observer, routers.addRoute(request));
    }

    @Override
    public void removeRoute(
            RemoveRouteRequest request, StreamObserver<RemoveRouteResponse> observer) {
        Calls.answer(observer, routers.removeRoute(request));
    }

    // ---- floating IPs and tunnel endpoints

    @Override
    public void createFloatingIP(
            CreateFloatingIPRequest request, StreamObserver<CreateFloatingIPResponse> observer) {
        Calls.answer(observer, floatingIps.create(request));
    }

    @Override
    public void getFloatingIP(
            GetFloatingIPRequest request, StreamObserver<GetFloatingIPResponse> observer) {
        Calls.answer(observer, floatingIps.get(request));
    }

    @Override
    public void listFloatingIPs(
            ListFloatingIPsRequest request, StreamObserver<ListFloatingIPsResponse> observer) {
        Calls.answer(observer, floatingIps.list(request));
    }

    @Override
    public void associateFloatingIP(
            AssociateFloatingIPRequest request,
            StreamObserver<AssociateFloatingIPResponse> observer) {
        Calls.answer(observer, floatingIps.associate(request));
    }

    @Override
    public void disassociateFloatingIP(
            DisassociateFloatingIPRequest request,
            StreamObserver<DisassociateFloatingIPResponse> observer) {
        Calls.answer(observer, floatingIps.disassociate(request));
    }

    @Override
    public void deleteFloatingIP(
            DeleteFloatingIPRequest request, StreamObserver<DeleteFloatingIPResponse> observer) {
        Calls.answer(observer, floatingIps.delete(request));
    }

    @Override
    public void listVTEPs(ListVTEPsRequest request, StreamObserver<ListVTEPsResponse> observer) {
        Calls.answer(observer, floatingIps.listVteps(request));
    }

    // ---- all of them

    @Override
    public void watchNetwork(WatchNetworkRequest request, StreamObserver<NetworkEvent> observer) {
        streams.watch(request, observer);
    }

    @Override
    public void awaitNetwork(
            AwaitNetworkRequest request, StreamObserver<AwaitNetworkResponse> observer) {
        Calls.answer(observer, streams.await(request));
    }
}
