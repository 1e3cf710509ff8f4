package io.hypervisor.agent.driver.guest;

/** What executes a guest's instructions. */
public enum Acceleration {
    /** KVM if a probe shows that it works, else emulation. */
    AUTO,
    KVM,
    TCG
}
