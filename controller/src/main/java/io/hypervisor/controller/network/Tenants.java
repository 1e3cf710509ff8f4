package io.hypervisor.controller.network;

import io.hypervisor.api.v1.Network;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.Collection;

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

    /**
     * NOT_FOUND unless the groups exist; PERMISSION_DENIED unless each is of the port's tenant or
     * of the network's, whose group a port has when it names none.
     */
    public static void requireMayUse(
            Snapshot now, Collection<String> groupIds, String tenantId, Network network) {
        for (String id : groupIds) {
            String owner = Lookup.securityGroup(now, id, 0).getSecurityGroup().getTenantId();
            if (!owner.equals(tenantId) && !owner.equals(network.getTenantId())) {
                throw Fault.of(
                        Fault.Kind.PERMISSION_DENIED,
                        "OTHER_TENANT",
                        "security group "
                                + id
                                + ": is of tenant "
                                + owner
                                + " (expected: one of the port's tenant "
                                + tenantId
                                + ", or of the network's, "
                                + network.getTenantId()
                                + ")");
            }
        }
    }
}
