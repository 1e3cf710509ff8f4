package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Topology.rule;

import io.hypervisor.api.internal.v1.NodePort;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Subnet;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Topologies of three nodes that a controller could have made. */
final class RandomTopologies {
    private static final List<String> NODES = List.of("n1", "n2", "n3");
    private static final List<String> GROUPS = List.of("g0", "g1", "g2");

    private final Random random;
    private final Topology topology = new Topology();
    private final List<String> withWan = new ArrayList<>();
    private final Set<String> attached = new HashSet<>();
    private int external = 9;

    private RandomTopologies(long seed) {
        this.random = new Random(seed);
    }

    static Topology of(long seed) {
        RandomTopologies topologies = new RandomTopologies(seed);
        topologies.nodes();
        topologies.networks();
        GROUPS.forEach(topologies::group);
        topologies.ports();
        topologies.routers();
        topologies.floatingIps();
        topologies.somethingIsDown();
        return topologies.topology;
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private void nodes() {
        for (String node : NODES) {
            if (chance(60) || (node.equals("n3") && withWan.isEmpty())) {
                withWan.add(node);
                topology.node(node, "lan", "wan");
            } else {
                topology.node(node, "lan");
            }
        }
    }

    private void networks() {
        int count = 2 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            String id = "net" + i;
            if (chance(75)) {
                topology.overlay(id, 5000 + i);
            } else {
                topology.vlan(id, "lan", 100 + i);
            }
            // The same addresses may be used in networks that nothing joins.
            int range = random.nextInt(4);
            for (int j = 0; j < (chance(30) ? 2 : 1); j++) {
                String cidr = "10." + range + "." + j + ".";
                topology.subnet("sub" + i + j, id, cidr + "0/24", cidr + "1");
            }
            if (chance(50)) {
                topology.subnet("six" + i, id, "fd00:" + range + "::/64", "fd00:" + range + "::1");
            }
        }
        topology.external("netx", "wan")
                .subnet("subx", "netx", "203.0.113.0/24", "203.0.113.1")
                .subnet("sixx", "netx", "2001:db8::/64", "2001:db8::1");
    }

    private void group(String id) {
        List<SecurityGroupRule> rules = new ArrayList<>();
        for (SecurityRuleDirection way :
                List.of(
                        SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS,
                        SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)) {
            for (int i = random.nextInt(3); i >= 0; i--) {
                rules.add(anyRule(way));
            }
            if (chance(40)) {
                rules.add(rule(way, false, "any", 0, 0, ""));
                rules.add(rule(way, true, "any", 0, 0, ""));
            }
        }
        topology.group(id, rules.toArray(SecurityGroupRule[]::new));
    }

    private SecurityGroupRule anyRule(SecurityRuleDirection way) {
        boolean v6 = chance(30);
        String protocol = any(List.of("any", "any", "tcp", "udp", "icmp"));
        boolean ports = (protocol.equals("tcp") || protocol.equals("udp")) && chance(60);
        int first = ports ? any(List.of(1, 22, 79, 80)) : 0;
        int last = ports && chance(50) ? first + random.nextInt(900) : 0;
        int range = random.nextInt(4);
        String prefix =
                v6
                        ? any(List.of("fd00:" + range + "::/64", "::/0"))
                        : any(List.of("10." + range + ".0.0/23", "203.0.113.0/24", "0.0.0.0/0"));
        String remote = any(List.of("", prefix, "group:" + any(GROUPS)));
        return rule(way, v6, protocol, first, last, remote);
    }

    private void ports() {
        List<Subnet> subnets = new ArrayList<>(topology.subnets.values());
        for (int i = 0; i < 7; i++) {
            Subnet subnet = any(subnets);
            boolean wan = subnet.getNetworkId().equals("netx");
            String node = chance(8) ? "" : any(wan ? withWan : NODES);
            List<String> addresses = new ArrayList<>();
            addresses.add(address(subnet, 20 + i));
            for (Subnet other : subnets) {
                if (!other.equals(subnet)
                        && other.getNetworkId().equals(subnet.getNetworkId())
                        && chance(40)) {
                    addresses.add(address(other, 20 + i));
                }
            }
            List<String> groups = new ArrayList<>(GROUPS);
            groups.removeIf(group -> chance(40));
            topology.port(
                    "p" + i, node, subnet.getNetworkId(), groups, addresses.toArray(String[]::new));
        }
    }

    private static String address(Subnet subnet, int last) {
        String gateway = subnet.getGatewayIp();
        return gateway.substring(0, gateway.length() - 1)
                + (subnet.getIpv6() ? Integer.toHexString(last) : last);
    }

    private void routers() {
        int count = chance(10) ? 0 : 1 + random.nextInt(2);
        for (int i = 0; i < count; i++) {
            List<String> ends = new ArrayList<>();
            Set<String> cidrs = new HashSet<>();
            for (Subnet subnet : topology.subnets.values()) {
                boolean wan = subnet.getNetworkId().equals("netx");
                if (!wan
                        && chance(80)
                        && !attached.contains(subnet.getId())
                        && cidrs.add(subnet.getCidr())) {
                    attached.add(subnet.getId());
                    ends.add(subnet.getId());
                }
            }
            String id = "r" + i;
            topology.router(id, ends.toArray(String[]::new));
            if (!ends.isEmpty() && chance(70)) {
                external++;
                topology.gateway(
                        id,
                        "netx",
                        chance(10) ? "" : any(withWan),
                        chance(70),
                        "subx=203.0.113." + external,
                        "sixx=2001:db8::" + external);
            }
            if (!ends.isEmpty() && chance(50)) {
                Subnet via = topology.subnets.get(any(ends));
                String range =
                        via.getIpv6()
                                ? "fd00:" + random.nextInt(4) + "::/48"
                                : "10." + random.nextInt(4) + ".0.0/16";
                topology.route(id, range, address(via, 20 + random.nextInt(7)));
            }
        }
    }

    private void floatingIps() {
        for (NodePort port : List.copyOf(topology.ports.values())) {
            String subnet = subnetOf(port);
            topology.routers.values().stream()
                    .filter(router -> router.getRouter().hasExternalGateway())
                    .filter(
                            router ->
                                    router.getInterfacesList().stream()
                                            .anyMatch(end -> end.getSubnetId().equals(subnet)))
                    .filter(router -> !port.getRouterInterface() && chance(50))
                    .findFirst()
                    .ifPresent(
                            router ->
                                    topology.floating(
                                            "f-" + port.getPort().getId(),
                                            "203.0.113." + (100 + external++),
                                            router.getRouter().getId(),
                                            port.getPort().getId()));
        }
    }

    // Of its first address, if that is IPv4: a floating IP maps to that.
    private String subnetOf(NodePort port) {
        String address = port.getAddresses(0);
        return topology.subnets.values().stream()
                .filter(subnet -> subnet.getNetworkId().equals(port.getPort().getNetworkId()))
                .filter(subnet -> !subnet.getIpv6() && !address.contains(":"))
                .filter(subnet -> address.startsWith(subnet.getCidr().replace("0/24", "")))
                .map(Subnet::getId)
                .findFirst()
                .orElse("");
    }

    private void somethingIsDown() {
        List.copyOf(topology.ports.keySet()).stream()
                .filter(id -> !topology.ports.get(id).getRouterInterface() && chance(6))
                .forEach(topology::portDown);
        List.copyOf(topology.networks.keySet()).stream()
                .filter(id -> chance(6))
                .forEach(topology::networkDown);
        List.copyOf(topology.routers.keySet()).stream()
                .filter(id -> chance(8))
                .forEach(topology::routerDown);
    }
}
