package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.UpdateSecurityGroupRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.Masks;
import io.hypervisor.controller.network.SecurityRules;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.List;
import java.util.Set;

/** Writes the fields of a security group that the mask names. */
public record UpdateSecurityGroup(UpdateSecurityGroupRequest request, Timestamp at)
        implements Action<SecurityGroup> {
    /** What may be written. */
    public static final Set<String> FIELDS = Set.of("name", "description");

    @Override
    public Decision<SecurityGroup> decide(Snapshot now) {
        String id = request.getSecurityGroup().getId();
        Entry<SecurityGroupRecord> entry =
                Lookup.securityGroupEntry(now, id, request.getExpectedRevision());
        SecurityGroup old = entry.value().getSecurityGroup();
        SecurityGroup next = Masks.write(old, request.getSecurityGroup(), request.getUpdateMask());
        if (next.equals(old)) {
            return Answers.securityGroup(id, List.of());
        }
        if (!next.getName().equals(old.getName())) {
            if (SecurityRules.isDefault(old)) {
                throw Fault.of(
                        Fault.Kind.FAILED_PRECONDITION,
                        "DEFAULT_GROUP",
                        "security_group.name: value: "
                                + next.getName()
                                + " (expected: \"default\"; every tenant has a group of that"
                                + " name)");
            }
            SecurityRules.requireFreeName(now, next.getTenantId(), next.getName(), id);
        }
        return Answers.securityGroup(
                id, List.of(SecurityRules.write(entry, next.toBuilder().setUpdatedAt(at))));
    }
}
