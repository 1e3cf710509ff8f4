package io.hypervisor.controller.network;

/** Who owns networks, ports and the rest. */
public final class Tenants {
    /** The tenant of requests that name none. */
    public static final String DEFAULT = "default";

    private Tenants() {}

    /** The tenant that a create request means. */
    public static String orDefault(String tenantId) {
        return tenantId.isEmpty() ? DEFAULT : tenantId;
    }
}
