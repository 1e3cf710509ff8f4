package io.hypervisor.controller.network;

import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The group "default" of each tenant, made with the first port that needs it: its ports may open
 * flows to anywhere, and to one another.
 */
public final class DefaultGroups {
    /** Its name, which no other group of the tenant may have. */
    public static final String NAME = "default";

    /** How many ids a new one takes: its own and those of its rules. */
    public static final int IDS = 5;

    private static final List<EtherType> FAMILIES =
            List.of(EtherType.ETHER_TYPE_IPV4, EtherType.ETHER_TYPE_IPV6);

    private DefaultGroups() {}

    /** A tenant's group, and the edit that makes it if it does not exist yet. */
    public record Group(String id, List<Edit> edits) {}

    /** The tenant's group, made if it has to be. */
    public static Group of(Snapshot now, String tenantId, Fresh fresh) {
        return find(now, tenantId)
                .map(id -> new Group(id, List.of()))
                .orElseGet(() -> new Group(fresh.id(), List.of(create(tenantId, fresh))));
    }

    /** The tenant's group, if it has one yet. */
    public static Optional<String> find(Snapshot now, String tenantId) {
        return now.network().find(NetworkKeys.groupNamed(tenantId, NAME)).stream().findFirst();
    }

    /** The edit that makes a tenant's group. */
    public static Edit create(String tenantId, Fresh fresh) {
        String id = fresh.id();
        SecurityGroup group =
                SecurityGroup.newBuilder()
                        .setId(id)
                        .setName(NAME)
                        .setDescription("Made by itself: flows to anywhere and to one another.")
                        .setTenantId(tenantId)
                        .addAllRules(rules(id, fresh))
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at())
                        .build();
        return Edit.put(
                Table.SECURITY_GROUP,
                id,
                SecurityGroupRecord.newBuilder().setSecurityGroup(group).build());
    }

    private static List<SecurityGroupRule> rules(String group, Fresh fresh) {
        List<SecurityGroupRule> rules = new ArrayList<>();
        for (EtherType family : FAMILIES) {
            rules.add(
                    rule(fresh.ids().get(rules.size() + 1), group, family)
                            .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS)
                            .build());
            rules.add(
                    rule(fresh.ids().get(rules.size() + 1), group, family)
                            .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)
                            .setRemoteGroupId(group)
                            .build());
        }
        rules.sort(Comparator.comparing(SecurityGroupRule::getId));
        return rules;
    }

    private static SecurityGroupRule.Builder rule(String id, String group, EtherType family) {
        return SecurityGroupRule.newBuilder()
                .setId(id)
                .setSecurityGroupId(group)
                .setEtherType(family)
                .setProtocol("any");
    }
}
