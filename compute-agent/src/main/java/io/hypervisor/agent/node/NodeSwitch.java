package io.hypervisor.agent.node;

import io.hypervisor.agent.driver.DriverHealth;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;

import java.util.Optional;

/** The node's switch, as the node reports it. */
public interface NodeSwitch {
    /** A node that has none. */
    NodeSwitch NONE =
            new NodeSwitch() {
                @Override
                public Optional<NodeNetworkFacts> facts() {
                    return Optional.empty();
                }

                @Override
                public Optional<DriverHealth> health() {
                    return Optional.empty();
                }

                @Override
                public void listen(Runnable changed) {}
            };

    /** What it offers; empty as long as it has never answered. */
    Optional<NodeNetworkFacts> facts();

    /** Whether it works; empty where nobody expects one. */
    Optional<DriverHealth> health();

    /** Calls the listener when either may have changed. Must not block. */
    void listen(Runnable changed);
}
