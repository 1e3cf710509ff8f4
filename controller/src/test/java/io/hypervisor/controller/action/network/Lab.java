package io.hypervisor.controller.action.network;

import static io.hypervisor.controller.state.Snapshots.at;
import static io.hypervisor.controller.state.Snapshots.id;

import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Acting;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.action.CreateInstance;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A state on which verbs act one after the other, as the committer has them do. */
public final class Lab {
    /** Without a default network. */
    public static final NetworkConfig PLAIN =
            new NetworkConfig(
                    "100-103",
                    "02:68:76",
                    new NetworkConfig.DefaultNetwork(false, "default", "10.200.0.0/16"));

    static final RequestMark NO_MARK = RequestMark.getDefaultInstance();

    private Snapshot now;
    private int made = 1;

    public Lab() {
        this(Snapshot.empty());
    }

    /** A lab that begins with a state. */
    public Lab(Snapshot now) {
        this.now = now;
    }

    public Snapshot now() {
        return now;
    }

    /** Adds what no verb makes. */
    public Lab with(UnaryOperator<Snapshots> change) {
        now = change.apply(Snapshots.from(now)).done();
        return this;
    }

    /** A node that carries overlays and these physical networks. */
    public Lab wired(String node, String... physicalNetworks) {
        return with(
                s ->
                        s.node(
                                node,
                                n ->
                                        n.setNetwork(
                                                NodeNetworkFacts.newBuilder()
                                                        .setVtepIp("192.0.2.1")
                                                        .addAllPhysicalNetworks(
                                                                List.of(physicalNetworks)))));
    }

    public <R> R act(Action<R> action) {
        Acting.After<R> after = Acting.act(now, action);
        now = after.state();
        return after.answer();
    }

    public Fault refused(Action<?> action, Fault.Kind kind) {
        return Acting.refused(now, action, kind);
    }

    public Fresh fresh() {
        return new Fresh(
                Stream.generate(() -> id(made++)).limit(CreateInstance.IDS).toList(), at(made));
    }

    CreateNetwork create(CreateNetworkRequest.Builder request) {
        return new CreateNetwork(request.build(), NO_MARK, fresh(), PLAIN);
    }

    CreateSubnet create(CreateSubnetRequest.Builder request) {
        return new CreateSubnet(request.build(), NO_MARK, fresh());
    }

    CreatePort create(CreatePortRequest.Builder request) {
        return new CreatePort(request.build(), NO_MARK, fresh(), PLAIN);
    }

    CreateFloatingIP create(CreateFloatingIPRequest.Builder request) {
        return new CreateFloatingIP(request.build(), NO_MARK, fresh(), PLAIN);
    }

    public Network network(String name) {
        return act(create(CreateNetworkRequest.newBuilder().setName(name)));
    }

    public Network vlan(String name, int vlan) {
        return act(
                create(
                        CreateNetworkRequest.newBuilder()
                                .setName(name)
                                .setType(NetworkType.NETWORK_TYPE_VLAN)
                                .setPhysicalNetwork("dc")
                                .setVlanId(vlan)
                                .setExternal(true)));
    }

    static CreateSubnetRequest.Builder range(Network network, String cidr) {
        return CreateSubnetRequest.newBuilder()
                .setName("s" + cidr.hashCode())
                .setNetworkId(network.getId())
                .setCidr(cidr);
    }

    public Subnet subnet(Network network, String cidr) {
        return act(create(range(network, cidr)));
    }

    static CreatePortRequest.Builder in(Network network) {
        return CreatePortRequest.newBuilder().setNetworkId(network.getId());
    }

    public Port port(Network network, String... groups) {
        return act(create(in(network).addAllSecurityGroups(List.of(groups))));
    }

    /** A port is live on a node, as the node says. */
    public Lab active(Port port, String node) {
        return with(
                s ->
                        s.put(
                                Table.PORT_STATE,
                                port.getId(),
                                PortState.newBuilder()
                                        .setPortId(port.getId())
                                        .setNodeId(node)
                                        .setStatus("ACTIVE")
                                        .build()));
    }

    /** A router that translates sources, from subnets to the outside. */
    public Router router(Network outside, Subnet... subnets) {
        Router router =
                act(
                        new CreateRouter(
                                CreateRouterRequest.newBuilder()
                                        .setName("router")
                                        .setExternalGateway(
                                                ExternalGateway.newBuilder()
                                                        .setNetworkId(outside.getId())
                                                        .setEnableSnat(true))
                                        .build(),
                                NO_MARK,
                                fresh(),
                                PLAIN));
        for (Subnet subnet : subnets) {
            act(
                    new AddRouterInterface(
                            AddRouterInterfaceRequest.newBuilder()
                                    .setRouterId(router.getId())
                                    .setSubnetId(subnet.getId())
                                    .build(),
                            NO_MARK,
                            fresh(),
                            PLAIN));
        }
        return router;
    }

    public FloatingIP floatingIp(Network outside) {
        return act(
                create(CreateFloatingIPRequest.newBuilder().setFloatingNetworkId(outside.getId())));
    }

    public void associate(FloatingIP floating, Port port) {
        var _ =
                act(
                        new AssociateFloatingIP(
                                AssociateFloatingIPRequest.newBuilder()
                                        .setFloatingIpId(floating.getId())
                                        .setPortId(port.getId())
                                        .build(),
                                fresh().at()));
    }
}
