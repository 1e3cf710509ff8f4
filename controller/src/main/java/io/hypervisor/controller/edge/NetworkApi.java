package io.hypervisor.controller.edge;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateNetworkResponse;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkResponse;
import io.hypervisor.api.v1.GetNetworkRequest;
import io.hypervisor.api.v1.GetNetworkResponse;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.api.v1.UpdateNetworkResponse;

/** NetworkService: each method is that of its family. */
final class NetworkApi extends NetworkServiceGrpc.NetworkServiceImplBase {
    private final Networks networks;

    /** Serves what the replica knows, and decides through it. */
    NetworkApi(Networking networking) {
        this.networks = new Networks(networking);
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
}
