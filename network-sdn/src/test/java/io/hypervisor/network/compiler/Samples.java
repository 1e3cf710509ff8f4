package io.hypervisor.network.compiler;

import static io.hypervisor.api.v1.SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS;
import static io.hypervisor.api.v1.SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS;
import static io.hypervisor.network.compiler.Topology.rule;

import java.util.List;

/** A network that has one of everything. */
final class Samples {
    private Samples() {}

    static Topology everything() {
        return new Topology()
                .node("n1", "lan", "wan")
                .node("n2", "lan")
                .overlay("net-db", 5001)
                .overlay("net-web", 5000)
                .vlan("net-lan", "lan", 100)
                .external("net-wan", "wan")
                .subnet("sub-db", "net-db", "10.0.1.0/24", "10.0.1.1")
                .subnet("sub-lan", "net-lan", "10.0.2.0/24", "10.0.2.1")
                .subnet("sub-wan", "net-wan", "203.0.113.0/24", "203.0.113.1")
                .subnet("sub-wan6", "net-wan", "2001:db8::/64", "2001:db8::1")
                .subnet("sub-web", "net-web", "10.0.0.0/24", "10.0.0.1")
                .subnet("sub-web6", "net-web", "fd00::/64", "fd00::1")
                .group(
                        "web",
                        rule(SECURITY_RULE_DIRECTION_EGRESS, false, "any", 0, 0, ""),
                        rule(SECURITY_RULE_DIRECTION_EGRESS, true, "any", 0, 0, ""),
                        rule(SECURITY_RULE_DIRECTION_INGRESS, false, "tcp", 80, 81, ""),
                        rule(SECURITY_RULE_DIRECTION_INGRESS, false, "icmp", 0, 0, "10.0.0.0/8"))
                .group(
                        "db",
                        rule(SECURITY_RULE_DIRECTION_EGRESS, false, "any", 0, 0, "0.0.0.0/0"),
                        rule(SECURITY_RULE_DIRECTION_INGRESS, false, "tcp", 5432, 0, "group:web"),
                        rule(SECURITY_RULE_DIRECTION_INGRESS, true, "any", 0, 0, "group:db"))
                .port("web-1", "n1", "net-web", List.of("web"), "10.0.0.5", "fd00::5")
                .port("web-2", "n2", "net-web", List.of("web"), "10.0.0.6", "fd00::6")
                .port("web-3", "n1", "net-web", List.of("web"), "10.0.0.7")
                .portDown("web-3")
                .port("db-1", "n1", "net-db", List.of("db"), "10.0.1.5")
                .limit("db-1", 100_000_000, 10_000_000)
                .port("db-2", "n2", "net-db", List.of("db"), "10.0.1.6")
                .port("lan-1", "n1", "net-lan", List.of("web"), "10.0.2.5")
                .port("lan-2", "n2", "net-lan", List.of("web"), "10.0.2.6")
                .router("edge", "sub-web", "sub-web6", "sub-db", "sub-lan")
                .gateway(
                        "edge",
                        "net-wan",
                        "n1",
                        true,
                        "sub-wan=203.0.113.10",
                        "sub-wan6=2001:db8::10")
                .route("edge", "172.16.0.0/12", "10.0.1.6")
                .floating("fip-web", "203.0.113.20", "edge", "web-1")
                .floating("fip-db", "203.0.113.21", "edge", "db-2");
    }
}
