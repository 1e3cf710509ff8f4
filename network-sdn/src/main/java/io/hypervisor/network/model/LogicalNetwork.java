package io.hypervisor.network.model;

import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;

/**
 * A network.
 *
 * @param vni 0: not an overlay
 * @param vlan 0: untagged
 * @param physicalNetwork empty: an overlay
 */
public record LogicalNetwork(
        String id,
        int vni,
        int vlan,
        String physicalNetwork,
        boolean up,
        boolean external,
        Network source) {
    static LogicalNetwork of(Network network) {
        boolean overlay = network.getType() == NetworkType.NETWORK_TYPE_VXLAN;
        return new LogicalNetwork(
                network.getId(),
                overlay ? network.getVni() : 0,
                network.getVlanId(),
                overlay ? "" : network.getPhysicalNetwork(),
                network.getAdminState(),
                network.getExternal(),
                network);
    }

    /** Its frames travel between the nodes in tunnels. */
    public boolean overlay() {
        return physicalNetwork.isEmpty();
    }
}
