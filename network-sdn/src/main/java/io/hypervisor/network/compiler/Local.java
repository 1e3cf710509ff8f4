package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;

/** A port that is plugged into this node's switch. */
record Local(LogicalPort port, LogicalNetwork network, int ofport, int zone) {
    boolean up() {
        return port.up() && network.up();
    }

    String name() {
        return "port " + port.id();
    }

    /** Why it passes nothing. */
    String reasonDown() {
        return port.up() ? "network " + network.id() + ", down" : name() + ", down";
    }
}
