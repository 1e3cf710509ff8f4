package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;

/** A port that is plugged into this node's switch. */
record Local(LogicalPort port, Segment segment, int ofport, int zone) {
    LogicalNetwork network() {
        return segment.network();
    }

    boolean up() {
        return port.up() && network().up();
    }

    String name() {
        return "port " + port.id();
    }

    /** Why it passes nothing. */
    String reasonDown() {
        return port.up() ? "network " + network().id() + ", down" : name() + ", down";
    }
}
