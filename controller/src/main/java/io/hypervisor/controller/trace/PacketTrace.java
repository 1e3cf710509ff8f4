package io.hypervisor.controller.trace;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.TraceHop;
import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.api.v1.TracePacketResponse;
import io.hypervisor.api.v1.TraceVerdict;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.PortRules;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;
import io.hypervisor.network.compiler.Field;
import io.hypervisor.network.compiler.Packet;
import io.hypervisor.network.compiler.Trail;
import io.hypervisor.network.compiler.Walk;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.LogicalPort;

import java.util.List;
import java.util.stream.Collectors;

/** What would happen to a packet that a port sends. */
public final class PacketTrace {
    private static final int ECHO_REPLY = 0;
    private static final int ECHO_REPLY6 = 129;

    private final Snapshot now;
    private final CompiledNodes nodes;

    private PacketTrace(Snapshot now) {
        this.now = now;
        this.nodes = new CompiledNodes(now);
    }

    /** The answer to a checked request; NOT_FOUND, or FAILED_PRECONDITION if it cannot send. */
    public static TracePacketResponse of(Snapshot now, TracePacketRequest request) {
        return new PacketTrace(now).trace(request);
    }

    private TracePacketResponse trace(TracePacketRequest request) {
        String id = request.getPortId();
        PortRecord record = Lookup.port(now, id, 0);
        PortRules.requireNoRouters(record);
        String node = now.nodeOf(record.getPort());
        if (node.isEmpty()) {
            throw Fault.wrongState("port", id, "on no node", "a port that is bound");
        }
        LogicalPort port = nodes.view(node).ports().get(id);
        Wiring wiring = nodes.node(node).wiring();
        Sender.Sent sent = new Sender(port, nodes.view(node), wiring).send(request);
        Trail trail = Walk.through(nodes).fromPort(node, id, sent.packet());
        String asked =
                switch (sent) {
                    case Sender.Whole whole -> "";
                    case Sender.Question question ->
                            "nothing is sent before somebody says to have "
                                    + question.nextHop()
                                    + ", and that question: ";
                };
        boolean answered = isEchoReply(trail.end());
        return TracePacketResponse.newBuilder()
                .addAllHops(trail.hops().stream().map(PacketTrace::hop).toList())
                .setVerdict(verdict(answered ? Trail.Verdict.ANSWERED : trail.verdict()))
                .setReason(
                        (answered ? "the network answers, and " : asked)
                                + trail.reason()
                                + groups(trail))
                .build();
    }

    /** An echo request that a router has turned round on its way. */
    private static boolean isEchoReply(Trail.End end) {
        Packet packet = end.packet();
        return end.verdict() == Trail.Verdict.DELIVERED
                && (isType(packet, Field.ICMP_TYPE, ECHO_REPLY)
                        || isType(packet, Field.ICMP6_TYPE, ECHO_REPLY6));
    }

    private static boolean isType(Packet packet, Field field, int type) {
        return packet.has(field) && packet.get(field).intValue() == type;
    }

    private static TraceHop hop(Trail.Hop hop) {
        return TraceHop.newBuilder()
                .setNodeId(hop.nodeId())
                .setTable(hop.stage().title())
                .setFlow(hop.flow())
                .setServes(hop.serves())
                .setEffect(hop.effect())
                .build();
    }

    private static TraceVerdict verdict(Trail.Verdict verdict) {
        return switch (verdict) {
            case DELIVERED -> TraceVerdict.TRACE_VERDICT_DELIVERED;
            case ANSWERED -> TraceVerdict.TRACE_VERDICT_ANSWERED;
            case LEFT -> TraceVerdict.TRACE_VERDICT_LEFT;
            case DROPPED -> TraceVerdict.TRACE_VERDICT_DROPPED;
        };
    }

    /** Where a rule was missing, the groups that could have had it. */
    private String groups(Trail trail) {
        if (trail.verdict() != Trail.Verdict.DROPPED || trail.end().where().isEmpty()) {
            return "";
        }
        Port port = Lookup.port(now, trail.end().where(), 0).getPort();
        List<String> groups = port.getSecurityGroupsList();
        String all =
                groups.stream()
                        .map(
                                id ->
                                        Lookup.securityGroup(now, id, 0)
                                                        .getSecurityGroup()
                                                        .getName()
                                                + " ("
                                                + id
                                                + ")")
                        .collect(Collectors.joining(", "));
        return " (port "
                + port.getId()
                + ", "
                + (all.isEmpty() ? "without security groups" : "security groups: " + all)
                + ")";
    }
}
