package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.Masks;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;
import java.util.Set;

/** Writes the fields of a network that the mask names. */
public record UpdateNetwork(UpdateNetworkRequest request, Timestamp at) implements Action<Network> {
    /** What may be written. */
    public static final Set<String> FIELDS =
            Set.of("name", "metadata", "shared", "mtu", "admin_state");

    // What IPv6 asks of every link.
    static final int MIN_IPV6_MTU = 1280;

    @Override
    public Decision<Network> decide(Snapshot now) {
        String id = request.getNetwork().getId();
        NetworkRecord record = Lookup.network(now, id, request.getExpectedRevision());
        Network old = record.getNetwork();
        Network next = Masks.write(old, request.getNetwork(), request.getUpdateMask());
        if (next.equals(old)) {
            return Answers.network(id, List.of());
        }
        Lookup.requireFree(
                now,
                Table.NETWORK,
                NetworkKeys.networkNamed(next.getTenantId(), next.getName()),
                next.getName(),
                id);
        if (old.getShared() && !next.getShared()) {
            requireNoGuests(now, old);
        }
        if (next.getMtu() < MIN_IPV6_MTU) {
            requireNoIpv6(now, old, next.getMtu());
        }
        NetworkRecord written =
                record.toBuilder().setNetwork(next.toBuilder().setUpdatedAt(at)).build();
        return Answers.network(id, List.of(Edit.put(Table.NETWORK, id, written)));
    }

    private static void requireNoGuests(Snapshot now, Network network) {
        List<String> guests =
                now.network().find(NetworkKeys.portOfNetwork(network.getId())).stream()
                        .filter(
                                port -> {
                                    String tenant =
                                            Lookup.port(now, port, 0).getPort().getTenantId();
                                    return !tenant.equals(network.getTenantId());
                                })
                        .toList();
        new Holders(Lookup.type(Table.NETWORK), network.getId())
                .add(Lookup.type(Table.PORT), guests)
                .throwIfAny("shared, or no ports of other tenants");
    }

    private static void requireNoIpv6(Snapshot now, Network network, int mtu) {
        List<String> subnets =
                now.network().find(NetworkKeys.subnetOfNetwork(network.getId())).stream()
                        .filter(subnet -> Lookup.subnet(now, subnet, 0).getSubnet().getIpv6())
                        .toList();
        new Holders(Lookup.type(Table.NETWORK), network.getId())
                .add("IPv6 subnet", subnets)
                .throwIfAny("an mtu of at least " + MIN_IPV6_MTU + ", not " + mtu);
    }
}
