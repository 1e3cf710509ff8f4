package io.hypervisor.controller.feed;

import static io.hypervisor.controller.testkit.Records.instance;
import static io.hypervisor.controller.testkit.Records.node;
import static io.hypervisor.controller.testkit.Records.placement;
import static io.hypervisor.controller.testkit.Records.put;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

class NetworkDocumentsTest {
    private static final int IDS = 4;
    private static final List<String> NODES = List.of("n0", "n1", "n2");
    private static final List<Table> TABLES =
            List.of(
                    Table.INSTANCE,
                    Table.PLACEMENT,
                    Table.PLACEMENT,
                    Table.NODE,
                    Table.NETWORK,
                    Table.SUBNET,
                    Table.ALLOCATION,
                    Table.PORT,
                    Table.PORT,
                    Table.PORT,
                    Table.SECURITY_GROUP,
                    Table.ROUTER,
                    Table.FLOATING_IP);

    @Property(tries = 500)
    void incrementEqualsFullRecompute(@ForAll long seed) {
        Random random = new Random(seed);
        Snapshot now = Snapshot.empty();
        Map<String, NodeDocument> held = new HashMap<>();
        for (String node : NODES) {
            held.put(node, NodeDocuments.document(now, node, "c", 1));
        }
        for (int revision = 1; revision <= 50; revision++) {
            Snapshot before = now;
            List<Edit> edits = edits(random);
            now = before.with(revision, edits);
            Map<String, Set<String>> affected = NodeDocuments.affected(before, now, edits);
            for (String node : NODES) {
                Set<String> changed = affected.getOrDefault(node, Set.of());
                NodeDocument base = held.get(node);
                NodeDelta delta = NodeDocuments.delta(now, node, 1, base.getRevision(), changed);
                held.put(node, apply(base, delta));
                assertThat(held.get(node)).isEqualTo(NodeDocuments.document(now, node, "c", 1));
            }
        }
    }

    @Property(tries = 100)
    void coalescedIncrementsEqualFullRecompute(@ForAll long seed) {
        Random random = new Random(seed);
        Snapshot now = Snapshot.empty();
        NodeDocument base = NodeDocuments.document(now, "n1", "c", 1);
        Set<String> changed = new HashSet<>();
        for (int revision = 1; revision <= 50; revision++) {
            Snapshot before = now;
            List<Edit> edits = edits(random);
            now = before.with(revision, edits);
            changed.addAll(NodeDocuments.affected(before, now, edits).getOrDefault("n1", Set.of()));
        }
        NodeDelta delta = NodeDocuments.delta(now, "n1", 1, base.getRevision(), changed);
        assertThat(apply(base, delta)).isEqualTo(NodeDocuments.document(now, "n1", "c", 1));
    }

    @Test
    void aNodeGetsTheDomainsOfItsPortsAndNoOthers() {
        Snapshot now =
                Snapshot.empty()
                        .with(
                                1,
                                List.of(
                                        network("a"),
                                        network("b"),
                                        network("out"),
                                        network("other"),
                                        port("pa", "a", "n0"),
                                        port("pb", "b", "n1"),
                                        port("unbound", "a", ""),
                                        port("po", "other", "n1"),
                                        router("r", "out", "n2", "a", "b"),
                                        vtep("n0"),
                                        vtep("n1"),
                                        vtep("n2")));

        assertThat(keys(now, "n0"))
                .containsExactly(
                        "network/a",
                        "network/b",
                        "network/out",
                        "port/pa",
                        "port/pb",
                        "router/r",
                        "vtep/n0",
                        "vtep/n1",
                        "vtep/n2");
        assertThat(keys(now, "n1")).contains("port/po", "port/pa", "network/other");
        assertThat(keys(now, "n2")).contains("port/pa", "port/pb").doesNotContain("port/po");
        assertThat(keys(now, "n3")).isEmpty();
    }

    @Test
    void aPortChangesOnlyWhoSeesItsNetwork() {
        Snapshot before =
                Snapshot.empty()
                        .with(
                                1,
                                List.of(
                                        network("a"),
                                        network("b"),
                                        port("pa", "a", "n0"),
                                        port("pb", "b", "n1")));
        List<Edit> edits = List.of(port("new", "a", "n2"));

        Map<String, Set<String>> affected =
                NodeDocuments.affected(before, before.with(2, edits), edits);

        assertThat(affected).containsOnlyKeys("n0", "n2");
        assertThat(affected.get("n0")).containsExactly("port/new");
    }

    @Test
    void anInstanceHasTheInterfaceOfItsSpecFirst() {
        Snapshot now =
                Snapshot.empty()
                        .with(
                                1,
                                List.of(
                                        put(instance("i")),
                                        put(placement("i", "n0")),
                                        network("net"),
                                        Edit.put(Table.SUBNET, "s", subnet("s", "10.0.0.0/24")),
                                        Edit.put(Table.SUBNET, "t", subnet("t", "fd00::/64")),
                                        Edit.put(
                                                Table.PORT,
                                                "a",
                                                PortRecord.newBuilder()
                                                        .setPort(ofInstance("a", "10.0.0.9"))
                                                        .build()),
                                        Edit.put(
                                                Table.PORT,
                                                "b",
                                                PortRecord.newBuilder()
                                                        .setOfInstance(true)
                                                        .setPort(ofInstance("b", "10.0.0.5"))
                                                        .build()),
                                        allocation("s/0a000005", "s", "10.0.0.5", "b"),
                                        allocation("t/01", "t", "fd00::5", "b")));

        Assignment assignment = NodeDocuments.assignment(now, "n0", "i").orElseThrow();

        assertThat(assignment.getNicsList()).extracting(Nic::getPortId).containsExactly("b", "a");
        Nic first = assignment.getNics(0);
        assertThat(first.getAddressesList()).containsExactly("10.0.0.5/24", "fd00::5/64");
        assertThat(first.getGatewaysList()).containsExactly("gateway of s", "gateway of t:");
        assertThat(assignment.getNics(1).getGatewaysList()).isEmpty();
    }

    private static List<String> keys(Snapshot now, String node) {
        return NodeDocuments.document(now, node, "c", 1).getNetworkList().stream()
                .map(NetworkObject::getKey)
                .toList();
    }

    private static NodeDocument apply(NodeDocument base, NodeDelta delta) {
        TreeMap<String, Assignment> assignments = new TreeMap<>();
        base.getAssignmentsList().forEach(a -> assignments.put(a.getInstanceId(), a));
        delta.getUpsertsList().forEach(a -> assignments.put(a.getInstanceId(), a));
        delta.getRemovalsList().forEach(assignments::remove);
        TreeMap<String, NetworkObject> network = new TreeMap<>();
        base.getNetworkList().forEach(object -> network.put(object.getKey(), object));
        delta.getNetworkUpsertsList().forEach(object -> network.put(object.getKey(), object));
        delta.getNetworkRemovalsList().forEach(network::remove);
        return base.toBuilder()
                .setRevision(delta.getRevision())
                .clearAssignments()
                .addAllAssignments(assignments.values())
                .clearNetwork()
                .addAllNetwork(network.values())
                .build();
    }

    // ---- records by hand

    private static Edit network(String id) {
        return Edit.put(
                Table.NETWORK,
                id,
                NetworkRecord.newBuilder().setNetwork(Network.newBuilder().setId(id)).build());
    }

    private static SubnetRecord subnet(String id, String cidr) {
        boolean ipv6 = cidr.contains(":");
        return SubnetRecord.newBuilder()
                .setSubnet(
                        Subnet.newBuilder()
                                .setId(id)
                                .setNetworkId("net")
                                .setCidr(cidr)
                                .setIpv6(ipv6)
                                .setGatewayIp("gateway of " + id + (ipv6 ? ":" : "")))
                .build();
    }

    private static Port.Builder ofInstance(String id, String ip) {
        return Port.newBuilder()
                .setId(id)
                .setInstanceId("i")
                .setNetworkId("net")
                .setSubnetId("s")
                .setIpAddress(ip);
    }

    private static Edit allocation(String key, String subnet, String ip, String port) {
        return Edit.put(
                Table.ALLOCATION,
                key,
                AllocationRecord.newBuilder()
                        .setAllocation(
                                IPAllocation.newBuilder()
                                        .setSubnetId(subnet)
                                        .setIpAddress(ip)
                                        .setPortId(port))
                        .build());
    }

    private static Edit port(String id, String network, String node) {
        return Edit.put(
                Table.PORT,
                id,
                PortRecord.newBuilder()
                        .setPort(Port.newBuilder().setId(id).setNetworkId(network).setNodeId(node))
                        .build());
    }

    private static Edit router(String id, String gateway, String node, String... networks) {
        RouterRecord.Builder record =
                RouterRecord.newBuilder()
                        .setRouter(
                                Router.newBuilder()
                                        .setId(id)
                                        .setExternalGateway(
                                                ExternalGateway.newBuilder().setNetworkId(gateway)))
                        .setGatewayNodeId(node);
        for (String network : networks) {
            record.addInterfaces(RouterInterface.newBuilder().setNetworkId(network));
        }
        return Edit.put(Table.ROUTER, id, record.build());
    }

    private static Edit vtep(String id) {
        return put(
                node(id).toBuilder()
                        .setNetwork(NodeNetworkFacts.newBuilder().setVtepIp("ip of " + id))
                        .build());
    }

    // ---- records at random

    private static List<Edit> edits(Random random) {
        Map<String, Edit> byKey = new TreeMap<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            Edit edit = edit(random);
            byKey.put(edit.key(), edit);
        }
        return new ArrayList<>(byKey.values());
    }

    private static Edit edit(Random random) {
        Table table = TABLES.get(random.nextInt(TABLES.size()));
        String id =
                table == Table.ALLOCATION
                        ? one(random, "s") + "/" + one(random, "0a00000")
                        : one(random, prefix(table));
        return random.nextInt(5) == 0
                ? Edit.delete(table, id)
                : Edit.put(table, id, value(table, id, random));
    }

    private static String prefix(Table table) {
        return switch (table) {
            case INSTANCE, PLACEMENT -> "i";
            case NODE -> "n";
            case NETWORK -> "net";
            case SUBNET -> "s";
            case PORT -> "p";
            case SECURITY_GROUP -> "g";
            case ROUTER, FLOATING_IP -> "x";
            case ALLOCATION,
                    CLUSTER,
                    LEADER,
                    HISTORY,
                    IMAGE,
                    HEALTH,
                    OBSERVED,
                    LOCAL,
                    PORT_STATE,
                    NODE_NETWORK ->
                    throw new IllegalArgumentException(table.name());
        };
    }

    private static String one(Random random, String prefix) {
        return prefix + random.nextInt(IDS);
    }

    private static String maybe(Random random, String prefix) {
        return random.nextInt(3) == 0 ? "" : one(random, prefix);
    }

    private static Message value(Table table, String id, Random random) {
        return switch (table) {
            case INSTANCE -> instance(id);
            case PLACEMENT -> placement(id, maybe(random, "n"));
            case NODE ->
                    node(id).toBuilder()
                            .setNetwork(
                                    NodeNetworkFacts.newBuilder()
                                            .setVtepIp(maybe(random, "ip"))
                                            .addPhysicalNetworks(maybe(random, "wire")))
                            .build();
            case NETWORK ->
                    NetworkRecord.newBuilder()
                            .setNetwork(
                                    Network.newBuilder()
                                            .setId(id)
                                            .setPhysicalNetwork(maybe(random, "wire"))
                                            .setMtu(random.nextInt(2)))
                            .build();
            case SUBNET ->
                    SubnetRecord.newBuilder()
                            .setSubnet(
                                    Subnet.newBuilder()
                                            .setId(id)
                                            .setNetworkId(one(random, "net"))
                                            .setCidr("10.0.0.0/2" + random.nextInt(3)))
                            .build();
            case ALLOCATION ->
                    AllocationRecord.newBuilder()
                            .setAllocation(
                                    IPAllocation.newBuilder()
                                            .setSubnetId(id.substring(0, id.indexOf('/')))
                                            .setIpAddress(one(random, "ip"))
                                            .setHostname(maybe(random, "h"))
                                            .setPortId(maybe(random, "p")))
                            .build();
            case PORT -> randomPort(id, random);
            case SECURITY_GROUP ->
                    SecurityGroupRecord.newBuilder()
                            .setSecurityGroup(
                                    SecurityGroup.newBuilder()
                                            .setId(id)
                                            .setTenantId(one(random, "t")))
                            .build();
            case ROUTER -> randomRouter(id, random);
            case FLOATING_IP ->
                    FloatingIPRecord.newBuilder()
                            .setFloatingIp(
                                    FloatingIP.newBuilder()
                                            .setId(id)
                                            .setFloatingNetworkId(one(random, "net"))
                                            .setPortId(maybe(random, "p")))
                            .build();
            case CLUSTER,
                    LEADER,
                    HISTORY,
                    IMAGE,
                    HEALTH,
                    OBSERVED,
                    LOCAL,
                    PORT_STATE,
                    NODE_NETWORK ->
                    throw new IllegalArgumentException(table.name());
        };
    }

    private static PortRecord randomPort(String id, Random random) {
        boolean ofRouter = random.nextInt(5) == 0;
        Port.Builder port =
                Port.newBuilder()
                        .setId(id)
                        .setNetworkId(one(random, "net"))
                        .setSubnetId(one(random, "s"))
                        .setIpAddress(one(random, "ip"))
                        .addSecurityGroups(one(random, "g"));
        if (!ofRouter && random.nextBoolean()) {
            port.setInstanceId(one(random, "i"));
        } else if (!ofRouter) {
            port.setNodeId(maybe(random, "n"));
        }
        return PortRecord.newBuilder().setPort(port).setRouterId(ofRouter ? "x0" : "").build();
    }

    private static RouterRecord randomRouter(String id, Random random) {
        RouterRecord.Builder record =
                RouterRecord.newBuilder()
                        .setRouter(
                                Router.newBuilder()
                                        .setId(id)
                                        .setExternalGateway(
                                                ExternalGateway.newBuilder()
                                                        .setNetworkId(maybe(random, "net"))))
                        .setGatewayNodeId(maybe(random, "n"));
        for (int i = random.nextInt(3); i > 0; i--) {
            record.addInterfaces(
                    RouterInterface.newBuilder()
                            .setSubnetId(one(random, "s"))
                            .setNetworkId(one(random, "net")));
        }
        return record.build();
    }
}
