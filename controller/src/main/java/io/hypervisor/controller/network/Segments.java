package io.hypervisor.controller.network;

import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

/** How networks are told apart on the wire: VNIs of the cluster, VLANs of physical networks. */
public final class Segments {
    /** What an overlay network's packets may have in bytes: 1500 less the tunnel's headers. */
    public static final int OVERLAY_MTU = 1450;

    private Segments() {}

    /**
     * Throws ALREADY_EXISTS if another network has the VNI, or the VLAN of the physical network.
     */
    public static void requireFree(Snapshot now, Network network) {
        boolean overlay = network.getType() == NetworkType.NETWORK_TYPE_VXLAN;
        String key =
                overlay
                        ? NetworkKeys.networkOfVni(network.getVni())
                        : NetworkKeys.networkOfVlan(
                                network.getPhysicalNetwork(), network.getVlanId());
        now.network().find(key).stream()
                .findFirst()
                .ifPresent(
                        id -> {
                            throw overlay
                                    ? Lookup.taken(Table.NETWORK, id, "vni", network.getVni())
                                    : taken(id, network);
                        });
    }

    private static Fault taken(String id, Network network) {
        return network.getType() == NetworkType.NETWORK_TYPE_VLAN
                ? Lookup.taken(Table.NETWORK, id, "vlan_id", network.getVlanId())
                : Lookup.taken(Table.NETWORK, id, "physical_network", network.getPhysicalNetwork());
    }

    /**
     * The first free VNI after that of the newest network, so that the VNI of a network that was
     * deleted is not soon another's. RESOURCE_EXHAUSTED if none is free.
     */
    public static int nextVni(Snapshot now, NetworkConfig config) {
        int first = config.firstVni();
        int last = config.lastVni();
        int before =
                now.network().networks().descendingMap().values().stream()
                        .map(entry -> entry.value().getNetwork().getVni())
                        .filter(vni -> vni >= first && vni <= last)
                        .findFirst()
                        .orElse(last);
        int count = last - first + 1;
        // Hardly ever more than one step: what comes after the newest is mostly free.
        for (int step = 1; step <= count; step++) {
            int vni = first + (before - first + step) % count;
            if (now.network().find(NetworkKeys.networkOfVni(vni)).isEmpty()) {
                return vni;
            }
        }
        throw Fault.of(
                Fault.Kind.RESOURCE_EXHAUSTED,
                "NO_FREE_VNI",
                "vni: all of " + config.vniRange() + " are taken (expected: a free one)");
    }
}
