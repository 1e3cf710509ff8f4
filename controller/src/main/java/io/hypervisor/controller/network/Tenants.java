package io.hypervisor.controller.network;

import io.hypervisor.api.v1.Network;
import io.hypervisor.core.Fault;

/** Who owns networks, ports and the rest. */
public final class Tenants {
    /** The tenant of requests that name none. */
    public static final String DEFAULT = "default";

    private Tenants() {}

    /** The tenant that a create request means. */
    public static String orDefault(String tenantId) {
        return tenantId.isEmpty() ? DEFAULT : tenantId;
    }

    /** PERMISSION_DENIED unless the network is the tenant's own or shared. */
    public static void requireMayUse(String tenantId, Network network) {
        if (!network.getShared() && !network.getTenantId().equals(tenantId)) {
            throw Fault.of(
                    Fault.Kind.PERMISSION_DENIED,
                    "OTHER_TENANT",
                    "network "
                            + network.getId()
                            + ": belongs to tenant "
                            + network.getTenantId()
                            + " and is not shared (expected: a network of tenant "
                            + tenantId
                            + ", or a shared one)");
        }
    }
}
