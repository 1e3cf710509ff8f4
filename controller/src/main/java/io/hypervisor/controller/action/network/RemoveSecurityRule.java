package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.SecurityRules;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.List;

/** Removes a rule from its security group. */
public record RemoveSecurityRule(RemoveSecurityRuleRequest request, Timestamp at)
        implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        Entry<SecurityGroupRecord> entry =
                Lookup.securityGroupEntry(
                        now, request.getSecurityGroupId(), request.getExpectedRevision());
        SecurityGroup group = entry.value().getSecurityGroup();
        List<SecurityGroupRule> rest =
                group.getRulesList().stream()
                        .filter(rule -> !rule.getId().equals(request.getRuleId()))
                        .toList();
        if (rest.size() == group.getRulesCount()) {
            throw Fault.notFound("rule", request.getRuleId());
        }
        SecurityGroup.Builder next =
                group.toBuilder().clearRules().addAllRules(rest).setUpdatedAt(at);
        return Answers.done(List.of(SecurityRules.write(entry, next)));
    }
}
