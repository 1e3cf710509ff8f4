package io.hypervisor.network.ovs;

import java.util.List;
import java.util.Map;

/**
 * What the switch has.
 *
 * @param reachable the database answers and the bridge speaks OpenFlow; else this may be old
 * @param tunnel OpenFlow number of the tunnel's port; 0: none
 * @param tunnelError why there is none; empty: it works, or none is wanted
 * @param patches OpenFlow numbers of the patch ports, by physical network
 * @param patchErrors why others have none
 * @param zones conntrack zones of what has no device, by the names given to {@link Switch#ensure}
 * @param attachments devices of ports, by name
 */
public record SwitchState(
        boolean reachable,
        int tunnel,
        String tunnelError,
        Map<String, Integer> patches,
        Map<String, String> patchErrors,
        Map<String, Integer> zones,
        List<Attachment> attachments) {}
