package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What maps to what. */
public final class FloatingIps {
    private FloatingIps() {}

    /** Writes a floating IP that maps to an address of a port; both empty: to none. */
    public static Edit write(FloatingIPRecord record, String portId, String fixedIp, Timestamp at) {
        FloatingIPRecord.Builder next = record.toBuilder();
        next.getFloatingIpBuilder().setPortId(portId).setFixedIp(fixedIp).setUpdatedAt(at);
        return Edit.put(Table.FLOATING_IP, record.getFloatingIp().getId(), next.build());
    }

    /**
     * The IPv4 address of a port that a mapping means.
     *
     * @param wanted one of the port's; "": its own
     * @throws Fault INVALID_ARGUMENT if the port does not have it
     */
    public static String fixedIp(Snapshot now, Port port, String wanted) {
        String fixed = wanted.isEmpty() ? port.getIpAddress() : Address.parse(wanted).toString();
        boolean has =
                fixed.equals(port.getIpAddress())
                        || reserved(now, port).anyMatch(a -> a.getIpAddress().equals(fixed));
        if (!has || fixed.contains(":")) {
            throw Fault.invalid(
                    "fixed_ip",
                    fixed,
                    "an IPv4 address of port " + port.getId() + ", its own or one reserved for it");
        }
        return fixed;
    }

    private static Stream<IPAllocation> reserved(Snapshot now, Port port) {
        return now.network().find(NetworkKeys.allocationOfPort(port.getId())).stream()
                .map(id -> now.network().allocations().get(id).value().getAllocation());
    }

    /** ALREADY_EXISTS when another floating IP maps to the address. */
    public static void requireUnmapped(Snapshot now, String id, String portId, String fixedIp) {
        for (String other : now.network().find(NetworkKeys.floatingIpOfPort(portId))) {
            FloatingIP ip = Lookup.floatingIp(now, other, 0).getFloatingIp();
            if (!other.equals(id) && ip.getFixedIp().equals(fixedIp)) {
                throw Lookup.taken(Table.FLOATING_IP, other, "fixed_ip", fixedIp);
            }
        }
    }

    /** The router that leads from an address of a port to a floating network. */
    public static Optional<String> router(
            Snapshot now, Port port, String fixedIp, String floatingNetworkId) {
        Address address = Address.parse(fixedIp);
        return now.network().find(NetworkKeys.subnetOfNetwork(port.getNetworkId())).stream()
                .map(id -> Lookup.subnet(now, id, 0).getSubnet())
                .filter(subnet -> Prefix.parse(subnet.getCidr()).contains(address))
                .map(Subnet::getId)
                .flatMap(id -> routers(now, id).stream())
                .filter(id -> leadsTo(now, id, floatingNetworkId))
                .findFirst();
    }

    private static Set<String> routers(Snapshot now, String subnetId) {
        return now.network().find(NetworkKeys.routerOfSubnet(subnetId));
    }

    private static boolean leadsTo(Snapshot now, String routerId, String networkId) {
        return Lookup.router(now, routerId, 0)
                .getRouter()
                .getExternalGateway()
                .getNetworkId()
                .equals(networkId);
    }
}
