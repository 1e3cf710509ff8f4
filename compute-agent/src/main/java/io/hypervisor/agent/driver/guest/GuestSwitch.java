package io.hypervisor.agent.driver.guest;

/**
 * Where the interfaces of guests are plugged.
 *
 * @param bridge the integration bridge of Open vSwitch
 * @param offload whether guests may leave checksums to the host, which the userspace datapath does
 *     not complete
 */
public record GuestSwitch(String bridge, boolean offload) {}
