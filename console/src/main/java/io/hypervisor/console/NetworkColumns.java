package io.hypervisor.console;

import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.VTEP;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What tables show of the network; numbers of zero are left empty. */
final class NetworkColumns {
    static final List<Column<IPAllocation>> ALLOCATIONS =
            List.of(
                    Column.of("ADDRESS", IPAllocation::getIpAddress),
                    Column.state("STATUS", a -> lower(a.getStatus())),
                    Column.of("PORT", IPAllocation::getPortId),
                    Column.of("INSTANCE", IPAllocation::getInstanceId),
                    Column.of("HOSTNAME", IPAllocation::getHostname),
                    Column.wide("MAC", IPAllocation::getMacAddress),
                    Column.wide("ID", IPAllocation::getId));
    static final List<Column<SecurityGroupRule>> RULES =
            List.of(
                    Column.of("RULE", SecurityGroupRule::getId),
                    Column.of("DIRECTION", r -> Words.of(r.getDirection())),
                    Column.of("FAMILY", r -> Words.of(r.getEtherType())),
                    Column.of("PROTOCOL", SecurityGroupRule::getProtocol),
                    Column.of("PORTS", NetworkColumns::ports),
                    Column.of("OTHER-END", NetworkColumns::otherEnd));
    static final List<Column<VTEP>> VTEPS =
            List.of(
                    Column.of("NODE", VTEP::getNodeId),
                    Column.of("ADDRESS", VTEP::getIp),
                    Column.of("PORT", v -> number(v.getPort())),
                    Column.of("INTERFACE", VTEP::getInterface),
                    Column.state("STATUS", v -> lower(v.getStatus())));

    private NetworkColumns() {}

    static List<Column<Network>> networks(Instant now) {
        return List.of(
                Column.of("NETWORK", Network::getName),
                Column.of("TYPE", n -> Words.of(n.getType())),
                Column.of("SEGMENT", NetworkColumns::segment),
                Column.of("MTU", n -> number(n.getMtu())),
                Column.of("TENANT", Network::getTenantId),
                Column.of("ID", Network::getId),
                Column.wide("SHARED", n -> yes(n.getShared())),
                Column.wide("EXTERNAL", n -> yes(n.getExternal())),
                Column.wide("ADMIN", n -> up(n.getAdminState())),
                Column.wide("AGE", n -> Units.age(n.getCreatedAt(), now)),
                Column.wide("LABELS", n -> NodeColumns.pairs(n.getMetadata().getLabelsMap())));
    }

    static List<Column<Subnet>> subnets(Instant now) {
        return List.of(
                Column.of("SUBNET", Subnet::getName),
                Column.of("CIDR", Subnet::getCidr),
                Column.of("GATEWAY", Subnet::getGatewayIp),
                Column.of("DHCP", s -> yes(s.getEnableDhcp())),
                Column.of("NETWORK", Subnet::getNetworkId),
                Column.of("ID", Subnet::getId),
                Column.wide("DNS", s -> String.join(",", s.getDnsServersList())),
                Column.wide(
                        "POOLS",
                        s ->
                                s.getAllocationPoolsList().stream()
                                        .map(pool -> pool.getStart() + "-" + pool.getEnd())
                                        .collect(Collectors.joining("\n"))),
                Column.wide("AGE", s -> Units.age(s.getCreatedAt(), now)));
    }

    static List<Column<Port>> ports(Instant now) {
        return List.of(
                Column.of("PORT", p -> p.getName().isEmpty() ? p.getId() : p.getName()),
                Column.state("STATUS", p -> lower(p.getStatus())),
                Column.of("ADDRESS", Port::getIpAddress),
                Column.of("MAC", Port::getMacAddress),
                Column.of("INSTANCE", Port::getInstanceId),
                Column.of("NODE", Port::getNodeId),
                Column.wide("ID", Port::getId),
                Column.wide("REASON", Port::getStatusReason),
                Column.wide("NETWORK", Port::getNetworkId),
                Column.wide("SUBNET", Port::getSubnetId),
                Column.wide("DEVICE", Port::getDeviceName),
                Column.wide("GROUPS", p -> String.join("\n", p.getSecurityGroupsList())),
                Column.wide("ADMIN", p -> up(p.getAdminState())),
                Column.wide("TENANT", Port::getTenantId),
                Column.wide("AGE", p -> Units.age(p.getCreatedAt(), now)));
    }

    static List<Column<SecurityGroup>> groups(Instant now) {
        return List.of(
                Column.of("SECURITY-GROUP", SecurityGroup::getName),
                Column.of("RULES", g -> "" + g.getRulesCount()),
                Column.of("TENANT", SecurityGroup::getTenantId),
                Column.of("DESCRIPTION", SecurityGroup::getDescription),
                Column.of("ID", SecurityGroup::getId),
                Column.wide("AGE", g -> Units.age(g.getCreatedAt(), now)));
    }

    static List<Column<Router>> routers(Instant now) {
        return List.of(
                Column.of("ROUTER", Router::getName),
                Column.state("STATUS", r -> lower(r.getStatus())),
                Column.of(
                        "EXTERNAL",
                        r ->
                                r.getExternalGateway().getExternalFixedIpsList().stream()
                                        .map(fixed -> fixed.getIpAddress())
                                        .collect(Collectors.joining(","))),
                Column.of("SNAT", r -> yes(r.getExternalGateway().getEnableSnat())),
                Column.of("TENANT", Router::getTenantId),
                Column.of("ID", Router::getId),
                Column.wide("ADMIN", r -> up(r.getAdminState())),
                Column.wide(
                        "ROUTES",
                        r ->
                                r.getRoutesList().stream()
                                        .map(
                                                route ->
                                                        route.getDestination()
                                                                + " via "
                                                                + route.getNexthop())
                                        .collect(Collectors.joining("\n"))),
                Column.wide("AGE", r -> Units.age(r.getCreatedAt(), now)));
    }

    static List<Column<FloatingIP>> floatingIps(Instant now) {
        return List.of(
                Column.of("FLOATING-IP", FloatingIP::getFloatingIp),
                Column.state("STATUS", f -> lower(f.getStatus())),
                Column.of("FIXED", FloatingIP::getFixedIp),
                Column.of("PORT", FloatingIP::getPortId),
                Column.of("TENANT", FloatingIP::getTenantId),
                Column.wide("NETWORK", FloatingIP::getFloatingNetworkId),
                Column.wide("ID", FloatingIP::getId),
                Column.wide("AGE", f -> Units.age(f.getCreatedAt(), now)));
    }

    private static String segment(Network network) {
        if (network.getVni() != 0) {
            return "vni " + Integer.toUnsignedString(network.getVni());
        }
        String vlan = network.getVlanId() == 0 ? "" : " vlan " + network.getVlanId();
        return network.getPhysicalNetwork() + vlan;
    }

    private static String ports(SecurityGroupRule rule) {
        int first = rule.getPortRangeMin();
        int last = rule.getPortRangeMax();
        return first == last ? number(first) : first + "-" + last;
    }

    private static String otherEnd(SecurityGroupRule rule) {
        return rule.getRemoteGroupId().isEmpty()
                ? rule.getRemoteIpPrefix()
                : "group " + rule.getRemoteGroupId();
    }

    private static String number(int value) {
        return value == 0 ? "" : Integer.toUnsignedString(value);
    }

    private static String yes(boolean value) {
        return value ? "yes" : "";
    }

    private static String up(boolean value) {
        return value ? "up" : "down";
    }

    private static String lower(String word) {
        return word.toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
