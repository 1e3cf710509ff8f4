package io.hypervisor.controller.network;

import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Mac;

/** MAC addresses that the controller makes: a configured prefix and three bytes by chance. */
public final class Macs {
    private static final int COUNT = 1 << 24;

    private Macs() {}

    /**
     * A MAC address that nothing in the cluster has.
     *
     * @param id what it is for; its last digits, which are random, are the first choice
     */
    public static String next(Snapshot now, NetworkConfig config, String id) {
        long prefix = Mac.parse(config.macPrefix() + ":00:00:00").bits();
        int first = Integer.parseInt(id.substring(id.length() - 6), 16);
        for (int step = 0; step < COUNT; step++) {
            String mac = new Mac(prefix | (first + step) % COUNT).toString();
            if (now.network().find(NetworkKeys.holderOfMac(mac)).isEmpty()) {
                return mac;
            }
        }
        throw Fault.of(
                Fault.Kind.RESOURCE_EXHAUSTED,
                "NO_FREE_MAC",
                "all MAC addresses that begin with " + config.macPrefix() + " are taken");
    }
}
