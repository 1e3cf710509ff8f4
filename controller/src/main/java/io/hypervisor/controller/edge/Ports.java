package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.BindPortResponse;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreatePortResponse;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.DeletePortResponse;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.GetPortResponse;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.ListPortsResponse;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.api.v1.TracePacketResponse;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.api.v1.UnbindPortResponse;
import io.hypervisor.api.v1.UpdatePortRequest;
import io.hypervisor.api.v1.UpdatePortResponse;
import io.hypervisor.controller.action.network.BindPort;
import io.hypervisor.controller.action.network.CreatePort;
import io.hypervisor.controller.action.network.DeletePort;
import io.hypervisor.controller.action.network.UnbindPort;
import io.hypervisor.controller.action.network.UpdatePort;
import io.hypervisor.controller.network.DefaultGroups;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.NewPort;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.trace.PacketTrace;
import io.hypervisor.core.Fault;

import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** NetworkService's ports. */
record Ports(Networking networking) {
    CreatePortResponse create(CreatePortRequest request) {
        PortRequests.check(request);
        CreatePort action =
                new CreatePort(
                        request,
                        Networking.mark(request.getRequestId(), request),
                        networking.fresh(NewPort.IDS),
                        networking.config());
        return CreatePortResponse.newBuilder().setPort(networking.commit(action)).build();
    }

    GetPortResponse get(GetPortRequest request) {
        PortRequests.check(request);
        String id = request.getPortId();
        return GetPortResponse.newBuilder()
                .setPort(
                        NetworkViews.port(networking.now(), id)
                                .orElseThrow(() -> Fault.notFound(Lookup.type(Table.PORT), id)))
                .build();
    }

    ListPortsResponse list(ListPortsRequest request) {
        PortRequests.check(request);
        Snapshot now = networking.now();
        ListPortsRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Listing<Port> listing = listing(now, request);
        Pages.Page<Port> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListPortsResponse.newBuilder()
                .addAllPorts(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }

    /** From the fewest that one of the filters leaves. */
    private static Listing<Port> listing(Snapshot now, ListPortsRequest request) {
        Function<String, Port> view = id -> NetworkViews.port(now, id).orElseThrow();
        String network = request.getNetworkId();
        String instance = request.getInstanceId();
        String node = request.getNodeId();
        if (!instance.isEmpty()) {
            return Listing.of(
                            now.network().find(NetworkKeys.portOfInstance(instance)),
                            view,
                            Port::getId)
                    .where(port -> network.isEmpty() || port.getNetworkId().equals(network))
                    .where(port -> node.isEmpty() || port.getNodeId().equals(node));
        }
        if (!node.isEmpty()) {
            TreeSet<String> carried =
                    now.portsOn(node).collect(Collectors.toCollection(TreeSet::new));
            return Listing.of(carried, view, Port::getId)
                    .where(port -> network.isEmpty() || port.getNetworkId().equals(network));
        }
        return network.isEmpty()
                ? Listing.of(now.network().ports(), view, Port::getId)
                : Listing.of(
                        now.network().find(NetworkKeys.portOfNetwork(network)), view, Port::getId);
    }

    UpdatePortResponse update(UpdatePortRequest request) {
        PortRequests.check(request);
        UpdatePort action = new UpdatePort(request, networking.fresh(DefaultGroups.IDS));
        return UpdatePortResponse.newBuilder().setPort(networking.commit(action)).build();
    }

    DeletePortResponse delete(DeletePortRequest request) {
        PortRequests.check(request);
        networking.commit(new DeletePort(request, networking.clock().timestamp()));
        return DeletePortResponse.getDefaultInstance();
    }

    BindPortResponse bind(BindPortRequest request) {
        PortRequests.check(request);
        BindPort action = new BindPort(request, networking.clock().timestamp());
        return BindPortResponse.newBuilder().setPort(networking.commit(action)).build();
    }

    UnbindPortResponse unbind(UnbindPortRequest request) {
        PortRequests.check(request);
        UnbindPort action = new UnbindPort(request, networking.clock().timestamp());
        return UnbindPortResponse.newBuilder().setPort(networking.commit(action)).build();
    }

    TracePacketResponse trace(TracePacketRequest request) {
        TraceRequests.check(request);
        return PacketTrace.of(networking.now(), request);
    }
}
