package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.UpdatePortRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.DefaultGroups;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.Masks;
import io.hypervisor.controller.network.PortRules;
import io.hypervisor.controller.network.Tenants;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Writes the fields of a port that the mask names. */
public record UpdatePort(UpdatePortRequest request, Fresh fresh) implements Action<Port> {
    /** What may be written. */
    public static final Set<String> FIELDS =
            Set.of("name", "security_groups", "admin_state", "rate_limit");

    private static final String GROUPS = "security_groups";

    @Override
    public Decision<Port> decide(Snapshot now) {
        String id = request.getPort().getId();
        PortRecord record = Lookup.port(now, id, request.getExpectedRevision());
        PortRules.requireNoRouters(record);
        Port old = record.getPort();
        Port next = Masks.write(old, request.getPort(), request.getUpdateMask());
        List<Edit> edits = new ArrayList<>();
        if (request.getUpdateMask().getPathsList().contains(GROUPS)) {
            Network network = Lookup.network(now, old.getNetworkId(), 0).getNetwork();
            Tenants.requireMayUse(now, next.getSecurityGroupsList(), old.getTenantId(), network);
            if (next.getSecurityGroupsCount() == 0) {
                DefaultGroups.Group group = DefaultGroups.of(now, network.getTenantId(), fresh);
                next = next.toBuilder().addSecurityGroups(group.id()).build();
                edits.addAll(group.edits());
            }
        }
        if (next.equals(old)) {
            return Answers.port(id, List.of());
        }
        Lookup.requireFree(
                now,
                Table.PORT,
                NetworkKeys.portNamed(next.getNetworkId(), next.getName()),
                next.getName(),
                id);
        Port written = next.toBuilder().setUpdatedAt(fresh.at()).build();
        edits.add(Edit.put(Table.PORT, id, record.toBuilder().setPort(written).build()));
        return Answers.port(id, edits);
    }
}
