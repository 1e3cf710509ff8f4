package io.hypervisor.controller.edge;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.AllocateIPResponse;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.BindPortResponse;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateNetworkResponse;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreatePortResponse;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.CreateSubnetResponse;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkResponse;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.DeletePortResponse;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.DeleteSubnetResponse;
import io.hypervisor.api.v1.GetNetworkRequest;
import io.hypervisor.api.v1.GetNetworkResponse;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.GetPortResponse;
import io.hypervisor.api.v1.GetSubnetRequest;
import io.hypervisor.api.v1.GetSubnetResponse;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListAllocationsResponse;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.ListPortsResponse;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.ListSubnetsResponse;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.ReleaseIPResponse;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.api.v1.UnbindPortResponse;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.api.v1.UpdateNetworkResponse;
import io.hypervisor.api.v1.UpdatePortRequest;
import io.hypervisor.api.v1.UpdatePortResponse;
import io.hypervisor.api.v1.UpdateSubnetRequest;
import io.hypervisor.api.v1.UpdateSubnetResponse;

/** NetworkService: each method is that of its family. */
final class NetworkApi extends NetworkServiceGrpc.NetworkServiceImplBase {
    private final Networks networks;
    private final Subnets subnets;
    private final Ports ports;

    /** Serves what the replica knows, and decides through it. */
    NetworkApi(Networking networking) {
        this.networks = new Networks(networking);
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
}
