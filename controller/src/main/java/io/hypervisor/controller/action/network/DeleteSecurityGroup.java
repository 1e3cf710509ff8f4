package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Holders;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.SecurityRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;

/** Deletes a security group that no port is in and no other group names. */
public record DeleteSecurityGroup(DeleteSecurityGroupRequest request) implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        String id = request.getSecurityGroupId();
        SecurityGroupRecord record = Lookup.securityGroup(now, id, request.getExpectedRevision());
        if (SecurityRules.isDefault(record.getSecurityGroup())) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "DEFAULT_GROUP",
                    "security group "
                            + id
                            + ": is the group \"default\" of tenant "
                            + record.getSecurityGroup().getTenantId()
                            + " (expected: another one; every tenant has it)");
        }
        List<String> naming =
                now.network().find(NetworkKeys.groupThatNames(id)).stream()
                        .filter(other -> !other.equals(id))
                        .toList();
        new Holders(Lookup.type(Table.SECURITY_GROUP), id)
                .add(Lookup.type(Table.PORT), now.network().find(NetworkKeys.portOfGroup(id)))
                .add(Lookup.type(Table.SECURITY_GROUP), naming)
                .throwIfAny("none; take it off them first");
        return Answers.done(List.of(Edit.delete(Table.SECURITY_GROUP, id)));
    }
}
