package io.hypervisor.agent.driver;

import java.util.List;

/** A driver's power to give instances that exist another spec. */
public interface Reshape {
    /**
     * Makes an instance what {@code target.spec()} says: all of it from its next start, and while
     * it runs at once what it can take. Returns what of the spec waits for a start, as paths
     * ("spec.cpu_cores"). What really runs is compared with what is wanted, so it does nothing if
     * they agree, or if the instance does not exist. May be called again after a crash at any
     * point, like every method of {@link InstanceDriver}.
     */
    List<String> reshape(Target target);
}
