package io.hypervisor.controller.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.TraceHop;
import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.api.v1.TracePacketResponse;
import io.hypervisor.api.v1.TraceVerdict;
import io.hypervisor.controller.action.network.AddSecurityRule;
import io.hypervisor.controller.action.network.BindPort;
import io.hypervisor.controller.action.network.CreateSecurityGroup;
import io.hypervisor.controller.action.network.Lab;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;

/** Three nodes, of which the last has the physical network; two networks and a way out. */
final class PacketTraceTest {
    private static final RequestMark NO_MARK = RequestMark.getDefaultInstance();

    private final Lab lab = new Lab();
    private final Network web = lab.network("web");
    private final Network db = lab.network("db");
    private final Network outside = lab.vlan("outside", 7);
    private final Subnet webSubnet = lab.subnet(web, "10.0.0.0/24");
    private final Subnet dbSubnet = lab.subnet(db, "10.1.0.0/24");
    private final Port client = lab.port(web);
    private final Port server = lab.port(web);
    private final Port store = lab.port(db);

    @BeforeEach
    void nodes() {
        lab.subnet(outside, "203.0.113.0/24");
        node("n1", "192.0.2.1");
        node("n2", "192.0.2.2");
        node("n3", "192.0.2.3", "dc");
        bind(client, "n1");
        bind(server, "n2");
        bind(store, "n2");
    }

    private void node(String id, String vtep, String... physicalNetworks) {
        NodeNetworkFacts facts =
                NodeNetworkFacts.newBuilder()
                        .setVtepIp(vtep)
                        .addAllPhysicalNetworks(List.of(physicalNetworks))
                        .build();
        lab.with(state -> state.node(id, node -> node.setNetwork(facts)));
    }

    private void bind(Port port, String node) {
        lab.act(
                new BindPort(
                        BindPortRequest.newBuilder()
                                .setPortId(port.getId())
                                .setNodeId(node)
                                .setDeviceName("t" + port.getId().substring(24))
                                .build(),
                        lab.fresh().at()));
    }

    private SecurityGroupRule allowTcp(String group, int port) {
        return lab.act(
                new AddSecurityRule(
                        AddSecurityRuleRequest.newBuilder()
                                .setSecurityGroupId(group)
                                .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)
                                .setProtocol("tcp")
                                .setPortRangeMin(port)
                                .setPortRangeMax(port)
                                .build(),
                        NO_MARK,
                        lab.fresh()));
    }

    private static TracePacketRequest.Builder tcp(Port from, String to, int port) {
        return ping(from, to).setProtocol("tcp").setDestinationPort(port);
    }

    private static TracePacketRequest.Builder ping(Port from, String to) {
        return TracePacketRequest.newBuilder().setPortId(from.getId()).setDestination(to);
    }

    private TracePacketResponse trace(TracePacketRequest.Builder request) {
        return PacketTrace.of(lab.now(), request.build());
    }

    private static List<String> path(TracePacketResponse trace) {
        return trace.getHopsList().stream().map(TraceHop::getNodeId).distinct().toList();
    }

    @Test
    void withinANetworkItIsTunnelledAndDelivered() {
        TracePacketResponse trace = trace(tcp(client, server.getIpAddress(), 80));

        assertThat(trace.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DELIVERED);
        assertThat(trace.getReason()).isEqualTo("port " + server.getId() + " gets it");
        assertThat(path(trace)).containsExactly("n1", "n2");
        assertThat(trace.getHops(0).getTable()).isEqualTo("classify");
        assertThat(trace.getHops(0).getServes()).isEqualTo("port " + client.getId());
        assertThat(trace.getHopsList())
                .extracting(TraceHop::getEffect)
                .anyMatch(effect -> effect.contains("sent to the tunnel"))
                .anyMatch(effect -> effect.contains("sent to port " + server.getId()));
        assertThat(trace.getHopsList()).noneMatch(hop -> hop.getFlow().isEmpty());
    }

    @Test
    void aMissingRuleIsNamedByTheGroupsThatCouldHaveIt() {
        lab.router(outside, webSubnet, dbSubnet);
        SecurityGroup group = closedGroup();
        Port guarded = lab.port(db, group.getId());
        bind(guarded, "n2");

        TracePacketResponse dropped = trace(tcp(client, guarded.getIpAddress(), 5432));
        assertThat(dropped.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DROPPED);
        assertThat(dropped.getReason())
                .contains("no ingress rule of the port allows it")
                .contains("port " + guarded.getId())
                .contains("guarded (" + group.getId() + ")");

        SecurityGroupRule rule = allowTcp(group.getId(), 5432);
        TracePacketResponse passed = trace(tcp(client, guarded.getIpAddress(), 5432));
        assertThat(passed.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DELIVERED);
        assertThat(passed.getHopsList())
                .extracting(TraceHop::getServes)
                .contains("rule " + rule.getId() + " of group " + group.getId());
    }

    private SecurityGroup closedGroup() {
        return lab.act(
                new CreateSecurityGroup(
                        CreateSecurityGroupRequest.newBuilder().setName("guarded").build(),
                        NO_MARK,
                        lab.fresh()));
    }

    @Test
    void aFalseSourceIsDroppedWhereItIsSent() {
        TracePacketResponse trace =
                trace(ping(client, server.getIpAddress()).setSource("10.0.0.200"));

        assertThat(trace.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DROPPED);
        assertThat(trace.getReason()).contains("port-security");
        assertThat(path(trace)).containsExactly("n1");
    }

    @Test
    void anotherNetworkIsReachedThroughARouterOnly() {
        TracePacketResponse apart = trace(ping(client, store.getIpAddress()));
        assertThat(apart.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DROPPED);
        assertThat(path(apart)).containsExactly("n1");

        Router router = lab.router(outside, webSubnet, dbSubnet);
        TracePacketResponse routed = trace(ping(client, store.getIpAddress()));
        assertThat(routed.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DELIVERED);
        assertThat(path(routed)).containsExactly("n1", "n2");
        assertThat(routed.getHopsList())
                .filteredOn(hop -> hop.getTable().startsWith("route"))
                .isNotEmpty()
                .allMatch(hop -> hop.getNodeId().equals("n1"))
                .anyMatch(hop -> hop.getServes().contains(router.getId()));
        assertThat(trace(ping(client, webSubnet.getGatewayIp())).getVerdict())
                .isEqualTo(TraceVerdict.TRACE_VERDICT_ANSWERED);
    }

    @Test
    void anAddressThatNobodyHasIsAskedFor() {
        TracePacketResponse trace = trace(ping(client, "10.0.0.99"));

        assertThat(trace.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DROPPED);
        assertThat(trace.getReason())
                .contains("nothing is sent before somebody says to have 10.0.0.99")
                .contains("nobody has the address that is asked for");
    }

    @Test
    void outsideIsReachedByTheGatewayUnderItsAddress() {
        lab.router(outside, webSubnet);
        TracePacketResponse trace = trace(tcp(client, "198.51.100.9", 443));

        assertThat(trace.getVerdict())
                .as(trace.toString())
                .isEqualTo(TraceVerdict.TRACE_VERDICT_LEFT);
        assertThat(path(trace)).containsExactly("n1", "n3");
        assertThat(trace.getHopsList())
                .extracting(TraceHop::getEffect)
                .anyMatch(effect -> effect.contains("its source becomes 203.0.113."));
    }

    @Test
    void aFloatingIpIsTranslatedToItsPort() {
        lab.router(outside, webSubnet);
        FloatingIP floating = lab.floatingIp(outside);
        lab.associate(floating, server);
        String address = floating.getFloatingIp();
        assertThat(trace(tcp(client, address, 80)).getVerdict())
                .isEqualTo(TraceVerdict.TRACE_VERDICT_DROPPED);

        allowTcp(server.getSecurityGroups(0), 80);
        TracePacketResponse trace = trace(tcp(client, address, 80));
        assertThat(trace.getVerdict())
                .as(trace.toString())
                .isEqualTo(TraceVerdict.TRACE_VERDICT_DELIVERED);
        assertThat(trace.getReason()).contains(server.getId());
        assertThat(path(trace)).containsExactly("n1", "n3", "n2");
        assertThat(trace.getHopsList())
                .extracting(TraceHop::getEffect)
                .anyMatch(
                        effect -> effect.contains("destination becomes " + server.getIpAddress()));
    }

    @Test
    void ipv6IsAsGood() {
        Network six = lab.network("six");
        lab.subnet(six, "fd00::/64");
        Port one = lab.port(six);
        Port two = lab.port(six);
        bind(one, "n1");
        bind(two, "n2");

        TracePacketResponse trace = trace(ping(one, two.getIpAddress()));
        assertThat(trace.getVerdict()).isEqualTo(TraceVerdict.TRACE_VERDICT_DELIVERED);
        assertThat(path(trace)).containsExactly("n1", "n2");
        refused(ping(one, "10.0.0.5"), "is without an IPv4 address");
        refused(ping(client, "fd00::5"), "is without an IPv6 address");
    }

    @Test
    void whatIsBoundToNothingSendsNothing() {
        refused(ping(lab.port(web), server.getIpAddress()), "on no node");
    }

    private void refused(TracePacketRequest.Builder request, String text) {
        assertThatExceptionOfType(Fault.class)
                .isThrownBy(() -> trace(request))
                .withMessageContaining(text)
                .extracting(Fault::kind)
                .isEqualTo(Fault.Kind.FAILED_PRECONDITION);
    }
}
