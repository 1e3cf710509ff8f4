package io.hypervisor.controller.network;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Prefix;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the verbs of security groups share. */
public final class SecurityRules {
    /** The name of the group that every tenant has. */
    public static final String DEFAULT = "default";

    private static final String ANY = "any";

    private SecurityRules() {}

    /** Whether it is its tenant's group "default". */
    public static boolean isDefault(SecurityGroup group) {
        return group.getName().equals(DEFAULT);
    }

    /**
     * Throws ALREADY_EXISTS if the tenant has another group of that name; "default" always exists,
     * although its record is made when the first port needs it.
     */
    public static void requireFreeName(Snapshot now, String tenant, String name, String id) {
        if (name.equals(DEFAULT)
                && now.network().find(NetworkKeys.groupNamed(tenant, name)).isEmpty()) {
            throw Fault.alreadyExists(
                    Lookup.type(Table.SECURITY_GROUP),
                    DEFAULT,
                    "name: value: default (expected: another one; every tenant has that group)");
        }
        Lookup.requireFree(
                now, Table.SECURITY_GROUP, NetworkKeys.groupNamed(tenant, name), name, id);
    }

    /** The rules that let everything out, for both families. */
    public static List<SecurityGroupRule> egress(String groupId, List<String> ids) {
        SecurityGroupRule.Builder rule =
                SecurityGroupRule.newBuilder()
                        .setSecurityGroupId(groupId)
                        .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS)
                        .setProtocol(ANY);
        List<String> inOrder = ids.stream().sorted().toList();
        return List.of(
                rule.setId(inOrder.get(0)).setEtherType(EtherType.ETHER_TYPE_IPV4).build(),
                rule.setId(inOrder.get(1)).setEtherType(EtherType.ETHER_TYPE_IPV6).build());
    }

    /** The rule that a valid request means, defaults written out. */
    public static SecurityGroupRule rule(AddSecurityRuleRequest request, String id) {
        SecurityGroupRule.Builder rule =
                SecurityGroupRule.newBuilder()
                        .setId(id)
                        .setSecurityGroupId(request.getSecurityGroupId())
                        .setDirection(request.getDirection())
                        .setEtherType(EtherType.ETHER_TYPE_IPV4)
                        .setProtocol(request.getProtocol().isEmpty() ? ANY : request.getProtocol())
                        .setPortRangeMin(request.getPortRangeMin())
                        .setPortRangeMax(request.getPortRangeMax())
                        .setRemoteGroupId(request.getRemoteGroupId());
        if (request.getPortRangeMax() == 0) {
            rule.setPortRangeMax(request.getPortRangeMin());
        }
        if (!request.getRemoteIpPrefix().isEmpty()) {
            Prefix prefix = Prefix.parse(request.getRemoteIpPrefix());
            rule.setRemoteIpPrefix(prefix.toString());
            rule.setEtherType(prefix.v6() ? EtherType.ETHER_TYPE_IPV6 : EtherType.ETHER_TYPE_IPV4);
        }
        if (request.getEtherType() != EtherType.ETHER_TYPE_UNSPECIFIED) {
            rule.setEtherType(request.getEtherType());
        }
        return rule.build();
    }

    /** Whether two rules let the same pass. */
    public static boolean same(SecurityGroupRule one, SecurityGroupRule other) {
        return plain(one).equals(plain(other));
    }

    private static SecurityGroupRule plain(SecurityGroupRule rule) {
        return rule.toBuilder().clearId().clearRevision().build();
    }

    /**
     * Writes a group again. Its rules are put in order; those that the last write added learn its
     * revision, which nobody knew before; requests of rules that are gone are forgotten.
     */
    public static Edit write(Entry<SecurityGroupRecord> old, SecurityGroup.Builder next) {
        Map<String, RequestMark> requests = new HashMap<>(old.value().getRuleRequestsMap());
        Map<String, SecurityGroupRule> before = new HashMap<>();
        old.value().getSecurityGroup().getRulesList().forEach(r -> before.put(r.getId(), r));
        List<SecurityGroupRule> rules =
                next.getRulesList().stream()
                        .map(
                                rule ->
                                        before.containsKey(rule.getId())
                                                ? withRevision(rule, old.revision())
                                                : rule)
                        .sorted(Comparator.comparing(SecurityGroupRule::getId))
                        .toList();
        requests.keySet().retainAll(rules.stream().map(SecurityGroupRule::getId).toList());
        SecurityGroupRecord record =
                old.value().toBuilder()
                        .setSecurityGroup(next.clearRules().addAllRules(rules))
                        .clearRuleRequests()
                        .putAllRuleRequests(requests)
                        .build();
        return Edit.put(Table.SECURITY_GROUP, next.getId(), record);
    }

    private static SecurityGroupRule withRevision(SecurityGroupRule rule, long revision) {
        return rule.getRevision() == 0 ? rule.toBuilder().setRevision(revision).build() : rule;
    }
}
