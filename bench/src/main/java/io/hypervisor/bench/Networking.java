package io.hypervisor.bench;

import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.controller.feed.NodeDocuments;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Clock;
import io.hypervisor.network.compiler.FlowCompiler;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What one change of one port costs, on a cluster where each node carries five ports of nine
 * networks, and each network is on ten nodes: the controller's work, what nodes are told, and what
 * they compile. Beside it the same on a cluster of a tenth of the nodes.
 */
final class Networking implements Benchmark {
    private static final int NODES_OF_NETWORK = 10;
    private static final int NETWORKS_OF_NODE = 9;
    private static final int PORTS = 5;
    private static final long FIRST_MAC = 0x0268_7600_0000L;
    private static final int CHANGES = 2_000;
    private static final int COMPILATIONS = 50;

    private final Clock clock = Clock.system();

    /** What was measured on one cluster. */
    private record Costs(
            int ports,
            double change,
            int told,
            int bytes,
            int unaffected,
            int flows,
            double compile) {}

    @Override
    public void run(Setting setting) {
        int nodes = setting.size().networkNodes();
        // Code that has never run is not what is measured.
        costs(nodes / 10);
        Costs small = costs(nodes / 10);
        Costs full = costs(nodes);
        ResultTable table = setting.table();
        String fewer = nodes / 10 + " nodes, " + small.ports + " ports";
        String all = "network, " + nodes + " nodes, " + full.ports + " ports: ";
        table.add(
                all + "who is affected by one port, and what it is told, p50",
                Unit.TIME,
                full.change,
                new Baseline(fewer, small.change),
                Promise.timesBaseline(2));
        table.add(all + "nodes that are told of it", Unit.COUNT, full.told);
        table.add(all + "bytes to an affected node", Unit.COUNT, full.bytes);
        table.add(all + "bytes to all unaffected nodes", Unit.COUNT, full.unaffected);
        table.add(
                all + "flows of a node",
                Unit.COUNT,
                full.flows,
                new Baseline(fewer, small.flows),
                Promise.timesBaseline(1));
        table.add(
                all + "a node compiles everything anew, p50",
                Unit.TIME,
                full.compile,
                new Baseline(fewer, small.compile),
                Promise.timesBaseline(2));
    }

    private Costs costs(int nodes) {
        Snapshot now = cluster(nodes);
        String port = id("8005", 0);
        Latencies changes = new Latencies();
        int bytes = 0;
        int unaffected = 0;
        int told = 0;
        for (int i = 0; i < CHANGES; i++) {
            PortRecord record = now.network().ports().get(port).value();
            PortRecord.Builder next = record.toBuilder();
            next.getPortBuilder().setAdminState(!record.getPort().getAdminState());
            List<Edit> edits = List.of(Edit.put(Table.PORT, port, next.build()));
            long begun = clock.nanos();
            Snapshot after = now.with(now.revision() + 1, edits);
            Map<String, Set<String>> affected = NodeDocuments.affected(now, after, edits);
            bytes = 0;
            unaffected = 0;
            for (Map.Entry<String, Set<String>> one : affected.entrySet()) {
                NodeDelta delta =
                        NodeDocuments.delta(after, one.getKey(), 1, now.revision(), one.getValue());
                boolean carries =
                        after.network()
                                .carriers(record.getPort().getNetworkId())
                                .containsKey(one.getKey());
                bytes = Math.max(bytes, carries ? delta.getSerializedSize() : 0);
                unaffected += carries ? 0 : delta.getSerializedSize();
            }
            changes.record(clock.nanos() - begun);
            told = affected.size();
            now = after;
        }
        return compiled(
                new Costs(
                        now.network().ports().size(),
                        changes.median(),
                        told,
                        bytes,
                        unaffected,
                        0,
                        0),
                now);
    }

    private Costs compiled(Costs costs, Snapshot now) {
        Latencies times = new Latencies();
        int flows = 0;
        for (int i = 0; i < COMPILATIONS; i++) {
            var objects = NodeDocuments.network(now, node(0));
            long begun = clock.nanos();
            NodeView view = NodeView.of(objects);
            Wiring wiring = Wiring.assumed(view, node(0), Set.of());
            flows = FlowCompiler.compile(view, wiring).flows().size();
            times.record(clock.nanos() - begun);
        }
        return new Costs(
                costs.ports,
                costs.change,
                costs.told,
                costs.bytes,
                costs.unaffected,
                flows,
                times.median());
    }

    private static String node(int number) {
        return id("8000", number);
    }

    // As long as those of a cluster.
    private static String id(String kind, int number) {
        return "01900000-0000-7000-" + kind + String.format(Locale.ROOT, "-%012d", number);
    }

    /** Rows of ten nodes share nine networks. */
    private static Snapshot cluster(int nodes) {
        List<Edit> edits = new ArrayList<>();
        for (int node = 0; node < nodes; node++) {
            edits.add(
                    Edit.put(
                            Table.NODE,
                            node(node),
                            NodeRecord.newBuilder()
                                    .setId(node(node))
                                    .setNetwork(
                                            NodeNetworkFacts.newBuilder()
                                                    .setVtepIp(
                                                            "192.168."
                                                                    + node / 250
                                                                    + "."
                                                                    + (node % 250 + 1)))
                                    .build()));
        }
        for (int row = 0; row < nodes / NODES_OF_NETWORK; row++) {
            for (int each = 0; each < NETWORKS_OF_NODE; each++) {
                addNetwork(edits, row, each);
            }
        }
        return Snapshot.empty().with(1, edits);
    }

    private static void addNetwork(List<Edit> edits, int row, int each) {
        int number = row * NETWORKS_OF_NODE + each;
        String id = id("8001", number);
        Network network =
                Network.newBuilder()
                        .setId(id)
                        .setType(NetworkType.NETWORK_TYPE_VXLAN)
                        .setVni(number + 1)
                        .setMtu(1450)
                        .setAdminState(true)
                        .build();
        Subnet subnet =
                Subnet.newBuilder()
                        .setId(id("8002", number))
                        .setNetworkId(id)
                        .setCidr("10.0.0.0/24")
                        .setGatewayIp("10.0.0.1")
                        .setEnableDhcp(true)
                        .build();
        SecurityGroupRule rule =
                SecurityGroupRule.newBuilder()
                        .setId(id("8003", number))
                        .setSecurityGroupId(id("8004", number))
                        .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)
                        .setEtherType(EtherType.ETHER_TYPE_IPV4)
                        .setRemoteGroupId(id("8004", number))
                        .build();
        SecurityGroup group =
                SecurityGroup.newBuilder().setId(id("8004", number)).addRules(rule).build();
        edits.add(
                Edit.put(
                        Table.NETWORK, id, NetworkRecord.newBuilder().setNetwork(network).build()));
        edits.add(
                Edit.put(
                        Table.SUBNET,
                        subnet.getId(),
                        SubnetRecord.newBuilder().setSubnet(subnet).build()));
        edits.add(
                Edit.put(
                        Table.SECURITY_GROUP,
                        group.getId(),
                        SecurityGroupRecord.newBuilder().setSecurityGroup(group).build()));
        for (int i = 0; i < NODES_OF_NETWORK * PORTS; i++) {
            String port = id("8005", number * NODES_OF_NETWORK * PORTS + i);
            edits.add(
                    Edit.put(
                            Table.PORT,
                            port,
                            PortRecord.newBuilder()
                                    .setPort(
                                            Port.newBuilder()
                                                    .setId(port)
                                                    .setNetworkId(id)
                                                    .setSubnetId(subnet.getId())
                                                    .setNodeId(
                                                            node(
                                                                    row * NODES_OF_NETWORK
                                                                            + i / PORTS))
                                                    .setMacAddress(
                                                            new Mac(FIRST_MAC + i).toString())
                                                    .setIpAddress("10.0.0." + (i + 2))
                                                    .addSecurityGroups(group.getId())
                                                    .setAdminState(true))
                                    .build()));
        }
    }
}
