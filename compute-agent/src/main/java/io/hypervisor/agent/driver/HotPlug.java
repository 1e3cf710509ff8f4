package io.hypervisor.agent.driver;

/** A driver's power to change the network interfaces of instances that exist. */
public interface HotPlug {
    /**
     * Makes the interfaces of an instance those of {@code target.nics()}: at once while it runs,
     * else from its next start. Interfaces that stay are not touched. Does nothing if they are so,
     * or if the instance does not exist. May be called again after a crash at any point, like every
     * method of {@link InstanceDriver}.
     */
    void wire(Target target);
}
