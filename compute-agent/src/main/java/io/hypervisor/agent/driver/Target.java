package io.hypervisor.agent.driver;

import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;

import java.util.List;

/**
 * What an instance should be made of. The instance runs as (instanceId, epoch); runGeneration
 * counts requests to start it. {@code local} marks what was created through the node's own door.
 */
public record Target(
        String instanceId,
        long epoch,
        long runGeneration,
        String name,
        boolean local,
        InstanceSpec spec,
        Metadata metadata,
        List<Nic> nics) {

    /** Keeps its own list. */
    public Target {
        nics = List.copyOf(nics);
    }
}
