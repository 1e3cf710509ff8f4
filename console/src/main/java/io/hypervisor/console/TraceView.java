package io.hypervisor.console;

import io.hypervisor.api.v1.TraceHop;
import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.api.v1.TracePacketResponse;
import io.hypervisor.api.v1.TraceVerdict;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Shows the way of a packet, flow by flow, and where it ends. */
final class TraceView {
    /** What kind of packet. */
    static final class Kind {
        private static final int NONE = -1;

        @Option(names = "--tcp", paramLabel = "PORT", description = "TCP to this port.")
        int tcp = NONE;

        @Option(names = "--udp", paramLabel = "PORT", description = "UDP to this port.")
        int udp = NONE;

        @Option(names = "--icmp", description = "An echo request; the default.")
        boolean icmp;
    }

    /** The packet. */
    static final class Shape {
        @Option(names = "--to", required = true, description = "Address that it goes to.")
        String to;

        @ArgGroup(exclusive = true)
        Kind kind = new Kind();

        @Option(names = "--from-port", description = "Source port of TCP or UDP. Default: 49152.")
        int fromPort;

        @Option(
                names = "--source",
                defaultValue = "",
                description = "Address that it comes from. Default: the port's own.")
        String source;

        TracePacketRequest request(String portId) {
            TracePacketRequest.Builder request =
                    TracePacketRequest.newBuilder()
                            .setPortId(portId)
                            .setDestination(to)
                            .setSourcePort(fromPort)
                            .setSource(source);
            if (kind.tcp != Kind.NONE) {
                request.setProtocol("tcp").setDestinationPort(kind.tcp);
            } else if (kind.udp != Kind.NONE) {
                request.setProtocol("udp").setDestinationPort(kind.udp);
            } else {
                request.setProtocol("icmp");
            }
            return request.build();
        }
    }

    private final Hvctl hvctl;

    TraceView(Hvctl hvctl) {
        this.hvctl = hvctl;
    }

    /** Returns the exit code: 0 unless it is dropped. */
    int show(TracePacketRequest request) {
        TracePacketResponse trace = hvctl.session().network().tracePacket(request);
        Output output = hvctl.output();
        output.list(trace, trace.getHopsList(), columns(trace));
        if (trace.getVerdict() == TraceVerdict.TRACE_VERDICT_DROPPED) {
            hvctl.say("error: dropped: " + trace.getReason());
            return Problem.DROPPED;
        }
        if (output.human()) {
            hvctl.say(word(trace.getVerdict()) + ": " + trace.getReason());
        }
        return 0;
    }

    private static String word(TraceVerdict verdict) {
        return verdict.name().substring("TRACE_VERDICT_".length()).toLowerCase(Locale.ROOT);
    }

    private List<Column<TraceHop>> columns(TracePacketResponse trace) {
        Lookup lookup = new Lookup(hvctl.session());
        Map<String, String> hostnames =
                !hvctl.output().human()
                        ? Map.of()
                        : trace.getHopsList().stream()
                                .map(TraceHop::getNodeId)
                                .distinct()
                                .collect(Collectors.toMap(id -> id, lookup::hostname));
        return List.of(
                Column.of("NODE", hop -> hostnames.getOrDefault(hop.getNodeId(), hop.getNodeId())),
                Column.of("TABLE", TraceHop::getTable),
                Column.of("SERVES", TraceHop::getServes),
                Column.of("EFFECT", TraceHop::getEffect),
                Column.wide("FLOW", TraceHop::getFlow));
    }
}
