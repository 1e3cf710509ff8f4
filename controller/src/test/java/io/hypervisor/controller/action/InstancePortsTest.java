package io.hypervisor.controller.action;

import static io.hypervisor.controller.state.Snapshots.at;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkSpec;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.controller.action.network.BindPort;
import io.hypervisor.controller.action.network.DeletePort;
import io.hypervisor.controller.action.network.Lab;
import io.hypervisor.controller.action.network.UnbindPort;
import io.hypervisor.controller.network.DefaultNetwork;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.placement.Scheduler;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.Views;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Ports that come, move and go with instances. */
final class InstancePortsTest {
    private final Lab lab = new Lab().wired("n1");
    private final Network network = lab.network("a");
    private final Subnet subnet = lab.subnet(network, "10.0.0.0/24");

    private static CreateInstanceRequest.Builder request(String name) {
        return CreateInstanceRequest.newBuilder()
                .setName(name)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage("busybox"));
    }

    private CreateInstanceRequest.Builder in(Network wanted, String name) {
        CreateInstanceRequest.Builder request = request(name);
        request.getSpecBuilder().setNetwork(NetworkSpec.newBuilder().setNetworkId(wanted.getId()));
        return request;
    }

    private CreateInstance create(CreateInstanceRequest.Builder request, NetworkConfig config) {
        return new CreateInstance(request.build(), lab.fresh(), ByteString.EMPTY, config);
    }

    private CreateInstance create(CreateInstanceRequest.Builder request) {
        return create(request, Lab.PLAIN);
    }

    private Port portOf(Instance instance) {
        NetworkState state = lab.now().network();
        String id = state.find(NetworkKeys.portOfInstance(instance.getId())).first();
        return NetworkViews.port(lab.now(), id).orElseThrow();
    }

    private static DeleteInstance delete(Instance instance, boolean force) {
        return new DeleteInstance(
                DeleteInstanceRequest.newBuilder()
                        .setInstanceId(instance.getId())
                        .setForce(force)
                        .build(),
                at(60));
    }

    /** The node reports that what was deleted is gone, and tells of a port once more. */
    private void gone(Instance instance, Port port) {
        NodeReport report =
                NodeReport.newBuilder()
                        .addObserved(
                                ObservedRecord.newBuilder()
                                        .setInstanceId(instance.getId())
                                        .setEpoch(instance.getEpoch())
                                        .setGone(true))
                        .addPorts(PortState.newBuilder().setPortId(port.getId()).setStatus("DOWN"))
                        .build();
        lab.act(new RecordReport("n1", report, at(61)));
    }

    private void nothingIsLeft() {
        NetworkState state = lab.now().network();
        assertThat(state.ports()).isEmpty();
        assertThat(state.portStates()).isEmpty();
        assertThat(state.floatingIps()).isEmpty();
        assertThat(state.held(subnet.getId()).count()).as("the gateway").isEqualTo(1);
    }

    @Test
    void aPortComesAndGoesWithItsInstance() {
        Instance instance = lab.act(create(in(network, "web")));
        Port port = portOf(instance);
        assertThat(instance.getIpAddress()).isEqualTo("10.0.0.2").isEqualTo(port.getIpAddress());
        assertThat(port.getName()).isEqualTo("web");
        assertThat(port.getNodeId()).isEqualTo("n1");
        assertThat(port.getInstanceId()).isEqualTo(instance.getId());
        assertThat(instance.getSpec().getNetwork().getNetworkId()).isEqualTo(network.getId());
        lab.refused(
                new UnbindPort(
                        UnbindPortRequest.newBuilder().setPortId(port.getId()).build(), at(1)),
                Fault.Kind.FAILED_PRECONDITION);
        lab.refused(
                new DeletePort(
                        DeletePortRequest.newBuilder().setPortId(port.getId()).build(), at(1)),
                Fault.Kind.FAILED_PRECONDITION);

        lab.act(delete(instance, false));
        assertThat(portOf(instance)).as("it may still run").isEqualTo(port);
        gone(instance, port);
        nothingIsLeft();
    }

    @Test
    void whatHasNoNodeGoesAtOnce() {
        Instance waiting = lab.act(create(in(network, "web").setRegion("nowhere").setQueue(true)));
        assertThat(waiting.getIpAddress()).isEqualTo("10.0.0.2");
        assertThat(portOf(waiting).getStatusReason()).contains("no node");
        lab.act(delete(waiting, false));
        nothingIsLeft();
    }

    @Test
    void whatWasOnALostNodeGoesByForceOrProof() {
        Instance one = lab.act(create(in(network, "one")));
        Instance two = lab.act(create(in(network, "two")));
        lab.act(delete(two, false));
        lab.with(s -> s.health("n1", NodeStatus.NODE_STATUS_UNREACHABLE));
        lab.act(delete(one, true));
        lab.act(new ReleaseInstance(two.getId(), 1, "fenced", at(62)));
        assertThat(lab.now().instances()).isEmpty();
        nothingIsLeft();
    }

    @Test
    void portsThatWereBoundByHandStay() {
        Instance instance = lab.act(create(request("web")));
        Port port = lab.port(network);
        lab.act(
                new BindPort(
                        BindPortRequest.newBuilder()
                                .setPortId(port.getId())
                                .setInstanceId(instance.getId())
                                .build(),
                        at(63)));
        lab.act(delete(instance, false));
        gone(instance, port);
        Port free = NetworkViews.port(lab.now(), port.getId()).orElseThrow();
        assertThat(free.getInstanceId()).isEmpty();
        assertThat(free.getUpdatedAt()).isEqualTo(at(61));
        assertThat(lab.now().network().portStates()).isEmpty();
        assertThat(lab.now().network().held(subnet.getId()).count()).isEqualTo(2);
    }

    @Test
    void aPortMovesWithItsInstance() {
        CreateInstanceRequest.Builder request = in(network, "web");
        request.getPlacementBuilder().setRelocation(Relocation.RELOCATION_RECREATE);
        Instance instance = lab.act(create(request));
        Port port = portOf(instance);
        lab.active(port, "n1")
                .with(s -> s.health("n1", NodeStatus.NODE_STATUS_UNREACHABLE).node("plain"));
        lab.act(new ReleaseInstance(instance.getId(), 1, "fenced", at(64)));
        assertThat(portOf(instance).getStatus()).isEqualTo("DOWN");
        PlaceUnplaced place = new PlaceUnplaced(instance.getId(), lab.fresh(), Lab.PLAIN);
        assertThat(lab.act(place)).as("the other node has no switch").isFalse();
        lab.wired("n2");
        assertThat(lab.act(place)).isTrue();
        Port moved = portOf(instance);
        assertThat(moved.getNodeId()).isEqualTo("n2");
        assertThat(moved.getStatus()).isEqualTo("BUILD");
        assertThat(moved.getIpAddress()).isEqualTo(port.getIpAddress());
        assertThat(moved.getMacAddress()).isEqualTo(port.getMacAddress());
        assertThat(lab.now().network().carriers(network.getId())).containsOnlyKeys("n2");
    }

    @Test
    void itsNodeCarriesItsNetwork() {
        Network vlan = lab.vlan("v", 7);
        lab.subnet(vlan, "10.9.0.0/24");
        Fault fault = lab.refused(create(in(vlan, "web")), Fault.Kind.RESOURCE_EXHAUSTED);
        assertThat(fault.violations().getFirst().field()).isEqualTo("network");
        assertThat(fault).hasMessageContaining("does not carry physical network \"dc\"");
        lab.wired("n2", "dc");
        assertThat(lab.act(create(in(vlan, "web"))).getNodeId()).isEqualTo("n2");
        assertThat(
                        Scheduler.plan(
                                        lab.now(),
                                        CreateInstance.demand(
                                                in(vlan, "plan").build(), lab.now(), Lab.PLAIN))
                                .getNodeId())
                .isEqualTo("n2");
    }

    @Test
    void whatTheSpecNamesExists() {
        Network other = lab.network("b");
        CreateInstanceRequest.Builder request = in(network, "web");
        NetworkSpec.Builder spec = request.getSpecBuilder().getNetworkBuilder();
        spec.setNetworkId("none");
        refusedAlike(request, Fault.Kind.NOT_FOUND);
        spec.setNetworkId(other.getId());
        refusedAlike(request, Fault.Kind.FAILED_PRECONDITION);
        spec.setSubnetId(subnet.getId());
        refusedAlike(request, Fault.Kind.FAILED_PRECONDITION);
        spec.setNetworkId(network.getId()).addSecurityGroups("none");
        refusedAlike(request, Fault.Kind.NOT_FOUND);
        spec.clearSecurityGroups().setAssignPublicIp(true);
        refusedAlike(request, Fault.Kind.FAILED_PRECONDITION);
        spec.clearAssignPublicIp().clearNetworkId();
        Fault fault = refusedAlike(request, Fault.Kind.INVALID_ARGUMENT);
        assertThat(fault.violations().getFirst().field()).isEqualTo("spec.network.network_id");
        assertThat(lab.now().instances()).isEmpty();
        assertThat(lab.now().network().ports()).isEmpty();
    }

    private Fault refusedAlike(CreateInstanceRequest.Builder request, Fault.Kind kind) {
        lab.refused(
                now -> {
                    CreateInstance.demand(request.build(), now, Lab.PLAIN);
                    throw new AssertionError("the plan is not refused");
                },
                kind);
        return lab.refused(create(request), kind);
    }

    // ---- public addresses

    private FloatingIP publicIpOf(Port port) {
        NetworkState state = lab.now().network();
        String id = state.find(NetworkKeys.floatingIpOfPort(port.getId())).first();
        return state.floatingIps().get(id).value().getFloatingIp();
    }

    private Network routedOut() {
        Network outside = lab.vlan("outside", 9);
        lab.subnet(outside, "198.51.100.0/28");
        lab.router(outside, subnet);
        return outside;
    }

    @Test
    void aPublicAddressComesAndGoesWithTheInstance() {
        Network outside = routedOut();
        int held = lab.now().network().allocations().size();
        CreateInstanceRequest.Builder request = in(network, "web");
        request.getSpecBuilder().getNetworkBuilder().setAssignPublicIp(true);
        Instance instance = lab.act(create(request));
        Port port = portOf(instance);
        FloatingIP floating = publicIpOf(port);
        assertThat(floating.getFloatingNetworkId()).isEqualTo(outside.getId());
        assertThat(floating.getFixedIp()).isEqualTo(port.getIpAddress());
        assertThat(lab.now().network().allocations()).hasSize(held + 2);
        lab.act(delete(instance, false));
        gone(instance, port);
        assertThat(lab.now().network().floatingIps()).isEmpty();
        assertThat(lab.now().network().allocations()).hasSize(held);
    }

    @Test
    void aPublicAddressThatWasGivenToAnotherStays() {
        routedOut();
        CreateInstanceRequest.Builder request = in(network, "web");
        request.getSpecBuilder().getNetworkBuilder().setAssignPublicIp(true);
        Instance first = lab.act(create(request));
        Instance second = lab.act(create(in(network, "other")));
        FloatingIP floating = publicIpOf(portOf(first));
        lab.associate(floating, portOf(second));
        for (Instance instance : List.of(first, second)) {
            Port port = portOf(instance);
            lab.act(delete(instance, false));
            gone(instance, port);
        }
        assertThat(lab.now().network().floatingIps().values())
                .singleElement()
                .extracting(entry -> entry.value().getFloatingIp().getPortId())
                .isEqualTo("");
    }

    // ---- the default network

    private Lab founded(Lab plain) {
        List<Edit> edits =
                DefaultNetwork.edits(plain.now(), NetworkConfig.defaults(), plain.fresh());
        return plain.with(s -> s.puts(edits));
    }

    @Test
    void theDefaultNetworkIsMadeOnce() {
        founded(lab);
        assertThat(DefaultNetwork.edits(lab.now(), NetworkConfig.defaults(), lab.fresh()))
                .isEmpty();
        assertThat(DefaultNetwork.edits(lab.now(), Lab.PLAIN, lab.fresh())).isEmpty();
        String id = DefaultNetwork.find(lab.now(), NetworkConfig.defaults()).orElseThrow();
        Network made = NetworkViews.network(lab.now(), id).orElseThrow();
        assertThat(made.getName()).isEqualTo("default");
        assertThat(DefaultNetwork.find(lab.now(), Lab.PLAIN)).isEmpty();
        assertThat(lab.now().network().find(NetworkKeys.subnetOfNetwork(id))).hasSize(1);
    }

    @Test
    void anInstanceThatAsksForNoNetworkGetsTheDefaultOneWhereThatIs() {
        founded(lab);
        Instance wired = lab.act(create(request("wired"), NetworkConfig.defaults()));
        assertThat(wired.getIpAddress()).isEqualTo("10.200.0.2");
        assertThat(wired.getSpec().hasNetwork()).isFalse();
        CreateInstanceRequest.Builder asked = request("asked");
        asked.getSpecBuilder().setNetwork(NetworkSpec.getDefaultInstance());
        assertThat(lab.act(create(asked, NetworkConfig.defaults())).getIpAddress())
                .isEqualTo("10.200.0.3");
        assertThat(lab.act(create(request("off"))).getIpAddress()).isEmpty();
        lab.with(s -> s.admin("n1", NodeStatus.NODE_STATUS_CORDONED).node("plain"));
        Instance plain = lab.act(create(request("plain"), NetworkConfig.defaults()));
        assertThat(plain.getNodeId()).isEqualTo("plain");
        assertThat(plain.getIpAddress()).isEmpty();
    }

    @Test
    void whatWaitsGetsItsPortWithItsNode() {
        founded(lab);
        lab.with(s -> s.admin("n1", NodeStatus.NODE_STATUS_CORDONED));
        Instance waiting = lab.act(create(request("web").setQueue(true), NetworkConfig.defaults()));
        assertThat(waiting.getIpAddress()).isEmpty();
        lab.with(s -> s.admin("n1", NodeStatus.NODE_STATUS_READY));
        lab.act(new PlaceUnplaced(waiting.getId(), lab.fresh(), NetworkConfig.defaults()));
        assertThat(Views.instance(lab.now(), waiting.getId()).orElseThrow().getIpAddress())
                .isEqualTo("10.200.0.2");
    }

    @Test
    void aNodeThatIsRemovedLeavesItsPortsUnbound() {
        Port port = lab.port(network);
        lab.act(
                new BindPort(
                        BindPortRequest.newBuilder()
                                .setPortId(port.getId())
                                .setNodeId("n1")
                                .setDeviceName("tap0")
                                .build(),
                        at(66)));
        lab.act(
                new DeregisterNode(
                        DeregisterNodeRequest.newBuilder().setNodeId("n1").build(), at(67)));
        Port free = NetworkViews.port(lab.now(), port.getId()).orElseThrow();
        assertThat(free.getNodeId()).isEmpty();
        assertThat(free.getDeviceName()).isEmpty();
        assertThat(lab.now().network().carriers(network.getId())).isEmpty();
    }
}
