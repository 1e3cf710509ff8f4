package io.hypervisor.network.ovs;

import java.nio.file.Path;
import java.util.Map;

/**
 * How the node's switch is to be set up.
 *
 * @param ovsdb socket of ovsdb-server; those of ovs-vswitchd are in the same folder
 * @param bridge name of the integration bridge, at most {@link #MOST_NAME} characters
 * @param datapath "netdev" (in user space) or "system" (in the kernel)
 * @param vtepIp address of the tunnel's end; empty: no tunnel
 * @param vtepPort UDP port of the tunnel's end
 * @param bridgeMappings bridge of each physical network
 */
public record SwitchConfig(
        Path ovsdb,
        String bridge,
        String datapath,
        String vtepIp,
        int vtepPort,
        Map<String, String> bridgeMappings) {
    // The tunnel's device, "vx-" and this name, must fit an interface name of 15 characters.
    public static final int MOST_NAME = 12;

    public SwitchConfig {
        bridgeMappings = Map.copyOf(bridgeMappings);
    }

    String tunnelDevice() {
        return "vx-" + bridge;
    }

    /** The integration bridge's end of the patch to a physical network. */
    String patch(String physicalNetwork) {
        return bridge + "-to-" + physicalNetwork;
    }

    /** The other end. */
    String patchPeer(String physicalNetwork) {
        return physicalNetwork + "-to-" + bridge;
    }

    Path rundir() {
        return ovsdb.toAbsolutePath().getParent();
    }

    /** Where the bridge speaks OpenFlow. */
    Path openflow() {
        return rundir().resolve(bridge + ".mgmt");
    }
}
