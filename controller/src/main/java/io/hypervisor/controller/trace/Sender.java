package io.hypervisor.controller.trace;

import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.core.Fault;
import io.hypervisor.network.compiler.Directory;
import io.hypervisor.network.compiler.Packet;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalSubnet;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;

import java.util.Optional;

/** The host behind a port: how it addresses what it sends, with what DHCP has told it. */
record Sender(LogicalPort port, NodeView view, Wiring wiring) {
    private static final int SOURCE_PORT = 49_152;

    /** What it sends. */
    sealed interface Sent {
        Packet packet();
    }

    /** The packet itself. */
    record Whole(Packet packet) implements Sent {}

    /** A question for the MAC address of the next hop, which nobody is known to have. */
    record Question(Packet packet, Address nextHop) implements Sent {}

    Sent send(TracePacketRequest request) {
        Address target = Address.parse(request.getDestination());
        Address source =
                request.getSource().isEmpty()
                        ? ownAddress(target.v6())
                        : Address.parse(request.getSource());
        LogicalSubnet subnet = subnet(source);
        Address hop = subnet.cidr().contains(target) ? target : subnet.gateway();
        Optional<Mac> mac =
                new Directory(view, wiring)
                        .neighbour(view.networks().get(port.networkId()), hop, false)
                        .map(Directory.Neighbour::mac);
        if (mac.isEmpty()) {
            return new Question(
                    hop.v6()
                            ? Packet.neighbourSolicitation(port.mac(), source, hop)
                            : Packet.arpRequest(port.mac(), source, hop),
                    hop);
        }
        return new Whole(packet(request, mac.get(), source, target));
    }

    private Packet packet(TracePacketRequest request, Mac to, Address source, Address target) {
        int sourcePort = request.getSourcePort() == 0 ? SOURCE_PORT : request.getSourcePort();
        int targetPort = request.getDestinationPort();
        return switch (request.getProtocol()) {
            case "tcp" -> Packet.tcp(port.mac(), to, source, target, sourcePort, targetPort);
            case "udp" -> Packet.udp(port.mac(), to, source, target, sourcePort, targetPort);
            default -> Packet.ping(port.mac(), to, source, target);
        };
    }

    private Address ownAddress(boolean v6) {
        return port.addresses().stream()
                .filter(address -> address.v6() == v6)
                .findFirst()
                .orElseThrow(() -> none("address", v6));
    }

    /** The subnet that it takes itself to be in; with a false address the one it is really in. */
    private LogicalSubnet subnet(Address source) {
        return view.subnetsOf(port.networkId()).stream()
                .filter(subnet -> subnet.cidr().contains(source))
                .findFirst()
                .or(
                        () ->
                                view.subnetsOf(port.networkId()).stream()
                                        .filter(
                                                subnet ->
                                                        port.addresses().stream()
                                                                .anyMatch(subnet.cidr()::contains))
                                        .filter(subnet -> subnet.cidr().v6() == source.v6())
                                        .findFirst())
                .orElseThrow(() -> none("subnet", source.v6()));
    }

    private Fault none(String what, boolean v6) {
        String family = v6 ? "an IPv6 " : "an IPv4 ";
        return Fault.of(
                Fault.Kind.FAILED_PRECONDITION,
                "NO_ADDRESS",
                "port "
                        + port.id()
                        + ": is without "
                        + family
                        + what
                        + " (expected: a destination of a family that it has)");
    }
}
