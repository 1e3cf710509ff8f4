package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.SecurityRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Adds one thing that a security group lets pass. */
public record AddSecurityRule(AddSecurityRuleRequest request, RequestMark mark, Fresh fresh)
        implements Action<SecurityGroupRule> {
    private static final int MAX_RULES = 256;

    @Override
    public Decision<SecurityGroupRule> decide(Snapshot now) {
        String id = request.getSecurityGroupId();
        SecurityGroupRecord present = Lookup.securityGroup(now, id, 0);
        Optional<String> earlier = repeated(present);
        if (earlier.isPresent()) {
            return answer(earlier.get(), List.of());
        }
        Entry<SecurityGroupRecord> entry =
                Lookup.securityGroupEntry(now, id, request.getExpectedRevision());
        if (!request.getRemoteGroupId().isEmpty()) {
            Lookup.securityGroup(now, request.getRemoteGroupId(), 0);
        }
        SecurityGroup group = present.getSecurityGroup();
        SecurityGroupRule rule = SecurityRules.rule(request, fresh.id());
        requireNew(group, rule);
        if (group.getRulesCount() >= MAX_RULES) {
            throw Fault.of(
                    Fault.Kind.RESOURCE_EXHAUSTED,
                    "TOO_MANY_RULES",
                    "security group " + id + ": has " + MAX_RULES + " rules (expected: fewer)");
        }
        Edit edit =
                SecurityRules.write(
                        entry, group.toBuilder().addRules(rule).setUpdatedAt(fresh.at()));
        if (!mark.getId().isEmpty()) {
            SecurityGroupRecord written = (SecurityGroupRecord) edit.value().orElseThrow();
            edit =
                    Edit.put(
                            Table.SECURITY_GROUP,
                            id,
                            written.toBuilder().putRuleRequests(rule.getId(), mark).build());
        }
        return answer(rule.getId(), List.of(edit));
    }

    private Decision<SecurityGroupRule> answer(String ruleId, List<Edit> edits) {
        return new Decision<>(
                edits,
                after ->
                        NetworkViews.securityGroup(after, request.getSecurityGroupId())
                                .orElseThrow()
                                .getRulesList()
                                .stream()
                                .filter(rule -> rule.getId().equals(ruleId))
                                .findFirst()
                                .orElseThrow());
    }

    private Optional<String> repeated(SecurityGroupRecord record) {
        Optional<Map.Entry<String, RequestMark>> made =
                record.getRuleRequestsMap().entrySet().stream()
                        .filter(entry -> entry.getValue().getId().equals(mark.getId()))
                        .findFirst();
        made.filter(entry -> !entry.getValue().equals(mark))
                .ifPresent(
                        entry -> {
                            throw Fault.invalid(
                                    "request_id",
                                    mark.getId(),
                                    "a new one: rule "
                                            + entry.getKey()
                                            + " was added under it from another request");
                        });
        return made.map(Map.Entry::getKey);
    }

    private static void requireNew(SecurityGroup group, SecurityGroupRule rule) {
        group.getRulesList().stream()
                .filter(other -> SecurityRules.same(other, rule))
                .findFirst()
                .ifPresent(
                        other -> {
                            throw Fault.alreadyExists(
                                    "rule",
                                    other.getId(),
                                    "rule: equal to rule "
                                            + other.getId()
                                            + " of security group "
                                            + group.getId()
                                            + " (expected: one that the group does not have)");
                        });
    }
}
