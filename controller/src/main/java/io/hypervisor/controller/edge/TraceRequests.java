package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.core.Violations;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.Optional;
import java.util.Set;

/** Checks every field of requests for traces. Throws INVALID_ARGUMENT. */
final class TraceRequests {
    private static final Set<String> WITH_PORTS = Set.of("tcp", "udp");
    private static final int MAX_PORT = 65_535;

    private TraceRequests() {}

    static void check(TracePacketRequest request) {
        Violations v = new Violations();
        v.id("port_id", request.getPortId());
        Optional<Address> destination = host(v, "destination", request.getDestination());
        if (!request.getSource().isEmpty()) {
            Optional<Address> source = host(v, "source", request.getSource());
            boolean mixed =
                    source.isPresent()
                            && destination.isPresent()
                            && source.get().v6() != destination.get().v6();
            v.check(!mixed, "source", request.getSource(), "of the destination's family");
        }
        checkPorts(v, request);
        v.throwIfAny();
    }

    private static Optional<Address> host(Violations v, String field, String value) {
        Optional<Address> address =
                Addresses.address(value).filter(a -> Addresses.isForHosts(Prefix.of(a)));
        v.check(address.isPresent(), field, value, "the IPv4 or IPv6 address of one host");
        return address;
    }

    private static void checkPorts(Violations v, TracePacketRequest request) {
        String protocol = request.getProtocol();
        long to = Integer.toUnsignedLong(request.getDestinationPort());
        long from = Integer.toUnsignedLong(request.getSourcePort());
        if (WITH_PORTS.contains(protocol)) {
            v.range("destination_port", to, 1, MAX_PORT);
            v.range("source_port", from, 0, MAX_PORT);
            return;
        }
        v.check(
                protocol.isEmpty() || protocol.equals("icmp"),
                "protocol",
                protocol,
                "tcp, udp, icmp or empty");
        v.check(to == 0, "destination_port", to, "0 unless the protocol is tcp or udp");
        v.check(from == 0, "source_port", from, "0 unless the protocol is tcp or udp");
    }
}
