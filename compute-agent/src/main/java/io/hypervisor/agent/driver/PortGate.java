package io.hypervisor.agent.driver;

import io.hypervisor.api.internal.v1.Nic;

import java.util.List;

/** The node's switch, as drivers see it. */
public interface PortGate {
    /** A node without a switch: nothing that has interfaces exists there. */
    PortGate CLOSED =
            new PortGate() {
                @Override
                public void check(List<Nic> nics) {
                    if (!nics.isEmpty()) {
                        throw DriverException.permanent(
                                "nics: value: "
                                        + nics.size()
                                        + " (expected: none, because this node has no switch)");
                    }
                }

                @Override
                public void made(List<Nic> nics) {}

                @Override
                public void gone() {}

                @Override
                public void await(List<Nic> nics) {}
            };

    /**
     * Whether the node can plug these interfaces.
     *
     * @throws DriverException when it cannot; permanent, when it never can
     */
    void check(List<Nic> nics);

    /** The devices of these interfaces are new. */
    void made(List<Nic> nics);

    /** Devices of interfaces are gone. */
    void gone();

    /**
     * Returns when packets of these interfaces pass as they should, so that the instance may say
     * its first word.
     *
     * @throws DriverException passing, when they do not in time
     */
    void await(List<Nic> nics);
}
