package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.SecurityRules;
import io.hypervisor.controller.network.Tenants;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;
import java.util.Optional;

/** Makes a security group whose ports may open flows to anywhere. */
public record CreateSecurityGroup(CreateSecurityGroupRequest request, RequestMark mark, Fresh fresh)
        implements Action<SecurityGroup> {
    /** The group and its two first rules. */
    public static final int RECORDS = 3;

    @Override
    public Decision<SecurityGroup> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.SECURITY_GROUP, mark);
        if (earlier.isPresent()) {
            return Answers.securityGroup(earlier.get(), List.of());
        }
        String id = fresh.id();
        String tenant = Tenants.orDefault(request.getTenantId());
        SecurityRules.requireFreeName(now, tenant, request.getName(), id);
        SecurityGroup.Builder group =
                SecurityGroup.newBuilder()
                        .setId(id)
                        .setName(request.getName())
                        .setDescription(request.getDescription())
                        .setTenantId(tenant)
                        .addAllRules(SecurityRules.egress(id, fresh.ids().subList(1, RECORDS)))
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at());
        SecurityGroupRecord record =
                SecurityGroupRecord.newBuilder().setSecurityGroup(group).setRequest(mark).build();
        return Answers.securityGroup(id, List.of(Edit.put(Table.SECURITY_GROUP, id, record)));
    }
}
