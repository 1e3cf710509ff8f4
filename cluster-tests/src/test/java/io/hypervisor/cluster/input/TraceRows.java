package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.CommonRows.ids;
import static io.hypervisor.cluster.input.CommonRows.unknown;

import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.stream.Stream;

/** Requests for traces, wrong field by field. */
final class TraceRows {
    private static final Call PING =
            NetworkRows.call(
                    TracePacketRequest.newBuilder()
                            .setPortId("{port}")
                            .setDestination("10.0.0.11")
                            .build(),
                    "TracePacket");
    private static final Call TCP = PING.with("protocol", "tcp").with("destination_port", 80);
    private static final Call UDP = TCP.with("protocol", "udp");
    private static final String HOST = "the IPv4 or IPv6 address of one host";
    private static final List<String> NO_HOSTS =
            List.of("0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "ff02::1");

    private TraceRows() {}

    static Stream<Row> all() {
        return Stream.of(
                        ids("port_id", PING),
                        unknown("port", "port_id", PING, TCP),
                        PING.each("destination", Values.NO_ADDRESSES, HOST),
                        PING.each("destination", NO_HOSTS, HOST),
                        PING.each("destination", List.of(""), HOST),
                        PING.each("source", Values.NO_ADDRESSES, HOST),
                        PING.each("source", NO_HOSTS, HOST),
                        Stream.of(PING.bad("source", "2001:db8::7", "of the destination's family")),
                        PING.each(
                                "protocol", List.of("sctp", "TCP", "6", "any", Values.LONG), "tcp"),
                        ports())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> ports() {
        List<Integer> none = List.of(65_536, -1, Integer.MIN_VALUE);
        return Stream.of(
                        Stream.of(TCP, UDP)
                                .flatMap(
                                        call ->
                                                Stream.concat(
                                                        call.each(
                                                                "destination_port",
                                                                none,
                                                                "between 1 and 65535"),
                                                        call.each(
                                                                "source_port",
                                                                none,
                                                                "between 0 and 65535"))),
                        Stream.of(
                                TCP.bad("destination_port", 0, "between 1 and 65535"),
                                PING.bad("destination_port", 80, "0 unless the protocol is"),
                                PING.bad("source_port", 80, "0 unless the protocol is"),
                                PING.held("WRONG_STATE", "on no node"),
                                PING.with("port_id", "{interface}")
                                        .held("ROUTER_INTERFACE", "router {router}")))
                .flatMap(rows -> rows);
    }
}
