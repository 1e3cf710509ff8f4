package io.hypervisor.agent.driver;

import java.util.Map;

/**
 * Whether a driver works, why not (empty if it does), and the versions of its software by name, for
 * example "libvirt" to "9.0.0".
 */
public record DriverHealth(boolean healthy, String reason, Map<String, String> versions) {}
