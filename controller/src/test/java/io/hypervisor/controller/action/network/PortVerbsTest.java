package io.hypervisor.controller.action.network;

import static io.hypervisor.controller.state.Snapshots.at;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;

import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.PortBindingType;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.api.v1.UpdatePortRequest;
import io.hypervisor.controller.network.DefaultGroups;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

final class PortVerbsTest {
    private final Lab lab = new Lab();
    private final Network network = lab.network("a");
    private final Subnet subnet = lab.subnet(network, "10.0.0.0/24");

    private static BindPortRequest.Builder bind(Port port) {
        return BindPortRequest.newBuilder().setPortId(port.getId());
    }

    private static BindPort action(BindPortRequest.Builder request) {
        return new BindPort(request.build(), at(50));
    }

    private static UnbindPort unbind(Port port) {
        return new UnbindPort(
                UnbindPortRequest.newBuilder().setPortId(port.getId()).build(), at(51));
    }

    private static DeletePort delete(Port port) {
        return new DeletePort(
                DeletePortRequest.newBuilder().setPortId(port.getId()).build(), at(52));
    }

    private UpdatePort update(Port.Builder port, String... fields) {
        return new UpdatePort(
                UpdatePortRequest.newBuilder()
                        .setPort(port)
                        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(fields)))
                        .build(),
                lab.fresh());
    }

    @Test
    void theFirstPortMakesItsTenantsDefaultGroup() {
        Port first = lab.port(network);
        Port second = lab.port(network);
        assertThat(first.getSecurityGroupsList()).isEqualTo(second.getSecurityGroupsList());
        SecurityGroup group =
                NetworkViews.securityGroup(lab.now(), first.getSecurityGroups(0)).orElseThrow();
        assertThat(group.getName()).isEqualTo(DefaultGroups.NAME);
        assertThat(group.getTenantId()).isEqualTo("default");
        assertThat(group.getRulesList()).hasSize(4);
        assertThat(group.getRulesList())
                .filteredOn(rule -> rule.getRemoteGroupId().equals(group.getId()))
                .hasSize(2);
        assertThat(group.getRulesList())
                .isSortedAccordingTo((a, b) -> a.getId().compareTo(b.getId()));
    }

    @Test
    void macAddressesAreUnique() {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            assertThat(seen.add(lab.port(network).getMacAddress())).isTrue();
        }
        assertThat(seen).allMatch(mac -> mac.startsWith("02:68:76:"));
        Port chosen = lab.act(lab.create(Lab.in(network).setMacAddress("0A:00:00:00:00:0B")));
        assertThat(chosen.getMacAddress()).isEqualTo("0a:00:00:00:00:0b");
        lab.refused(
                lab.create(Lab.in(network).setMacAddress("0a:00:00:00:00:0b")),
                Fault.Kind.ALREADY_EXISTS);
        Network other = lab.network("b");
        lab.subnet(other, "10.0.0.0/24");
        lab.act(lab.create(Lab.in(other).setMacAddress("0a:00:00:00:00:0b")));
    }

    @Test
    void anAddressComesFromTheOldestSubnetWithAFreeOne() {
        Network small = lab.network("small");
        lab.refused(lab.create(Lab.in(small)), Fault.Kind.FAILED_PRECONDITION);
        lab.subnet(small, "10.0.0.0/30");
        Subnet later = lab.subnet(small, "fd00::/126");
        assertThat(lab.port(small).getIpAddress()).isEqualTo("10.0.0.2");
        assertThat(lab.port(small).getIpAddress()).isEqualTo("fd00::2");
        assertThat(lab.act(lab.create(Lab.in(small).setIpAddress("fd00::3"))).getSubnetId())
                .isEqualTo(later.getId());
        lab.refused(lab.create(Lab.in(small)), Fault.Kind.RESOURCE_EXHAUSTED);
        lab.refused(
                lab.create(Lab.in(small).setIpAddress("10.0.9.9")), Fault.Kind.INVALID_ARGUMENT);
        lab.refused(lab.create(Lab.in(small).setIpAddress("10.0.0.2")), Fault.Kind.ALREADY_EXISTS);
        lab.refused(
                lab.create(Lab.in(small).setSubnetId(subnet.getId())),
                Fault.Kind.FAILED_PRECONDITION);
        lab.refused(lab.create(Lab.in(small).setSubnetId("none")), Fault.Kind.NOT_FOUND);
        lab.refused(lab.create(Lab.in(small).addSecurityGroups("none")), Fault.Kind.NOT_FOUND);
    }

    @Test
    void groupsAreOfThePortsTenantOrOfTheNetworks() {
        Network shared =
                lab.act(
                        lab.create(
                                CreateNetworkRequest.newBuilder().setName("all").setShared(true)));
        lab.subnet(shared, "10.8.0.0/24");
        String ours = group("default");
        String guests = group("guest");
        String foreign = group("foreign");
        Port port =
                lab.act(
                        lab.create(
                                Lab.in(shared)
                                        .setTenantId("guest")
                                        .addSecurityGroups(ours)
                                        .addSecurityGroups(guests)));
        Fault fault =
                lab.refused(
                        lab.create(Lab.in(shared).setTenantId("guest").addSecurityGroups(foreign)),
                        Fault.Kind.PERMISSION_DENIED);
        assertThat(fault).hasMessageContaining(foreign + ": is of tenant foreign");
        lab.refused(
                lab.create(Lab.in(shared).addSecurityGroups(guests)), Fault.Kind.PERMISSION_DENIED);
        lab.refused(regroup(port, foreign), Fault.Kind.PERMISSION_DENIED);
        assertThat(lab.act(regroup(port, guests)).getSecurityGroupsList()).containsExactly(guests);
    }

    private String group(String tenant) {
        return lab.act(
                        new CreateSecurityGroup(
                                CreateSecurityGroupRequest.newBuilder()
                                        .setName("g")
                                        .setTenantId(tenant)
                                        .build(),
                                Lab.NO_MARK,
                                lab.fresh()))
                .getId();
    }

    private UpdatePort regroup(Port port, String group) {
        return new UpdatePort(
                UpdatePortRequest.newBuilder()
                        .setPort(Port.newBuilder().setId(port.getId()).addSecurityGroups(group))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("security_groups"))
                        .build(),
                lab.fresh());
    }

    @Test
    void anotherTenantNeedsASharedNetwork() {
        Fault fault =
                lab.refused(
                        lab.create(Lab.in(network).setTenantId("t")), Fault.Kind.PERMISSION_DENIED);
        assertThat(fault).hasMessageContaining("tenant default");
    }

    @Test
    void namesAreUniqueWithinTheNetwork() {
        Port port = lab.act(lab.create(Lab.in(network).setName("p")));
        lab.refused(lab.create(Lab.in(network).setName("p")), Fault.Kind.ALREADY_EXISTS);
        Port nameless = lab.port(network);
        lab.refused(update(nameless.toBuilder().setName("p"), "name"), Fault.Kind.ALREADY_EXISTS);
        lab.act(update(port.toBuilder().clearName(), "name"));
        assertThat(lab.act(update(nameless.toBuilder().setName("p"), "name")).getName())
                .isEqualTo("p");
    }

    @Test
    void aPortIsNeverWithoutAGroup() {
        Port port = lab.port(network);
        lab.refused(
                update(
                        port.toBuilder().clearSecurityGroups().addSecurityGroups("none"),
                        "security_groups"),
                Fault.Kind.NOT_FOUND);
        long revision = lab.now().revision();
        Port same = lab.act(update(port.toBuilder().clearSecurityGroups(), "security_groups"));
        assertThat(same).isEqualTo(port);
        assertThat(lab.now().revision()).isEqualTo(revision);
    }

    @Test
    void aRateLimitComesAndGoes() {
        Port port = lab.port(network);
        Port.Builder limited = port.toBuilder();
        limited.getRateLimitBuilder().setEgressBps(1_000_000);
        assertThat(lab.act(update(limited, "rate_limit")).getRateLimit().getEgressBps())
                .isEqualTo(1_000_000);
        assertThat(lab.act(update(port.toBuilder(), "rate_limit")).hasRateLimit()).isFalse();
    }

    @Test
    void aPortIsBoundToAnInstanceWhereThatIs() {
        lab.wired("n1").with(s -> s.node("n2").instance("i", "n1").instance("j", "n2"));
        lab.with(s -> s.instance("waits", ""));
        Port port = lab.port(network);
        lab.refused(action(bind(port).setInstanceId("none")), Fault.Kind.NOT_FOUND);
        lab.refused(action(bind(port).setInstanceId("waits")), Fault.Kind.FAILED_PRECONDITION);
        lab.refused(
                action(bind(port).setInstanceId("i").setNodeId("n2")),
                Fault.Kind.FAILED_PRECONDITION);
        assertThat(
                        lab.refused(
                                action(bind(port).setInstanceId("j")),
                                Fault.Kind.FAILED_PRECONDITION))
                .hasMessageContaining("has no switch");
        Port bound = lab.act(action(bind(port).setInstanceId("i")));
        assertThat(bound.getNodeId()).isEqualTo("n1");
        assertThat(bound.getStatus()).isEqualTo("BUILD");
        assertThat(lab.act(action(bind(port).setInstanceId("i").setNodeId("n1"))))
                .as("bound just so")
                .isEqualTo(bound);
        lab.with(s -> s.instance("k", "n1"));
        lab.refused(action(bind(port).setInstanceId("k")), Fault.Kind.FAILED_PRECONDITION);
        lab.refused(delete(port), Fault.Kind.FAILED_PRECONDITION);

        lab.active(port, "n1");
        assertThat(NetworkViews.port(lab.now(), port.getId()).orElseThrow().getStatus())
                .isEqualTo("ACTIVE");
        Port free = lab.act(unbind(port));
        assertThat(free.getStatus()).isEqualTo("DOWN");
        assertThat(free.getIpAddress()).isEqualTo(port.getIpAddress());
        assertThat(lab.now().network().portStates()).isEmpty();
        assertThat(lab.act(unbind(port))).isEqualTo(free);
    }

    @Test
    void aDeviceHasOnePort() {
        lab.wired("n1").with(s -> s.instance("i", "n1"));
        Port port = lab.port(network);
        BindPortRequest.Builder device = bind(port).setNodeId("n1").setDeviceName("tap0");
        lab.refused(action(device.clone().setNodeId("none")), Fault.Kind.NOT_FOUND);
        Port bound = lab.act(action(device));
        assertThat(bound.getNodeId()).isEqualTo("n1");
        assertThat(bound.getDeviceName()).isEqualTo("tap0");
        Port other = lab.port(network);
        BindPortRequest.Builder same = bind(other).setInstanceId("i").setDeviceName("tap0");
        lab.refused(action(same), Fault.Kind.ALREADY_EXISTS);
        lab.act(action(same.setDeviceName("tap1")));
        Port third = lab.port(network);
        lab.refused(
                action(bind(third).setNodeId("n1").setDeviceName("tap1")),
                Fault.Kind.ALREADY_EXISTS);
    }

    @Test
    void aNodeOffersWhatItsSwitchCan() {
        lab.wired("n1").with(s -> s.instance("i", "n1"));
        Network vlan = lab.vlan("v", 7);
        lab.subnet(vlan, "10.9.0.0/24");
        Port port = lab.port(vlan);
        assertThat(
                        lab.refused(
                                action(bind(port).setInstanceId("i")),
                                Fault.Kind.FAILED_PRECONDITION))
                .hasMessageContaining("physical network \"dc\"");
        Port sriov =
                lab.act(
                        lab.create(
                                Lab.in(vlan).setBindingType(PortBindingType.PORT_BINDING_SRIOV)));
        lab.refused(action(bind(sriov).setInstanceId("i")), Fault.Kind.FAILED_PRECONDITION);
        lab.refused(
                lab.create(Lab.in(network).setBindingType(PortBindingType.PORT_BINDING_SRIOV)),
                Fault.Kind.INVALID_ARGUMENT);
        lab.wired("n2", "dc").with(s -> s.instance("j", "n2"));
        lab.act(action(bind(port).setInstanceId("j")));
    }

    @Test
    void whatIsReservedForAPortOutlivesIt() {
        Port port = lab.port(network);
        IPAllocation reserved =
                lab.act(
                        new AllocateIP(
                                AllocateIPRequest.newBuilder()
                                        .setSubnetId(subnet.getId())
                                        .setPortId(port.getId())
                                        .build(),
                                Lab.NO_MARK,
                                lab.fresh()));
        lab.act(delete(port));
        assertThat(lab.now().network().held(subnet.getId()).count()).isEqualTo(2);
        assertThat(lab.now().network().allocationsOf(subnet.getId()).values())
                .extracting(entry -> entry.value().getAllocation())
                .anySatisfy(
                        held -> {
                            assertThat(held.getId()).isEqualTo(reserved.getId());
                            assertThat(held.getPortId()).isEmpty();
                        });
        lab.refused(delete(port), Fault.Kind.NOT_FOUND);
    }

    @Test
    void aNodeThatIsOutOfTouchKeepsItsPorts() {
        lab.wired("n1").with(s -> s.instance("i", "n1"));
        Port port = lab.port(network);
        lab.act(action(bind(port).setInstanceId("i")));
        lab.active(port, "n1");
        lab.with(s -> s.health("n1", NodeStatus.NODE_STATUS_UNREACHABLE));
        assertThat(NetworkViews.port(lab.now(), port.getId()).orElseThrow().getStatus())
                .isEqualTo("ACTIVE");
    }
}
