package io.hypervisor.core.spec;

import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.core.Violations;

import java.util.Map;

/** Checks placement policies and writes their defaults out. Field names begin with "placement.". */
public final class PlacementPolicies {
    /** The topology of a rule that names none. */
    public static final String NODE = "node";

    private static final int MAX_RULES = 8;
    private static final int DEFAULT_LOST_CONTACT_SECONDS = 300;

    private PlacementPolicies() {}

    /** Adds everything that is wrong with a policy, before or after defaults. */
    public static Violations check(Violations v, PlacementPolicy policy) {
        v.labels("placement.node_selector", policy.getNodeSelectorMap());
        v.known("placement.strategy", policy.getStrategy(), policy.getStrategyValue());
        v.known("placement.relocation", policy.getRelocation(), policy.getRelocationValue());
        v.known(
                "placement.on_lost_contact",
                policy.getOnLostContact(),
                policy.getOnLostContactValue());
        v.range("placement.priority", policy.getPriority(), -1000, 1000);
        if (policy.getLostContactSeconds() != 0) {
            v.range("placement.lost_contact_seconds", policy.getLostContactSeconds(), 30, 86_400);
        }
        v.labelValue("placement.region", policy.getRegion());
        v.labelValue("placement.zone", policy.getZone());
        v.optionalId("placement.preferred_node_id", policy.getPreferredNodeId());
        int rules = policy.getAffinityCount();
        v.check(rules <= MAX_RULES, "placement.affinity", rules + " rules", "at most 8");
        for (int i = 0; i < rules; i++) {
            checkRule(v, "placement.affinity[" + i + "].", policy.getAffinity(i));
        }
        return v;
    }

    /** A checked policy with its defaults written out; the strategy stays the cluster's choice. */
    public static PlacementPolicy withDefaults(PlacementPolicy policy) {
        PlacementPolicy.Builder full = policy.toBuilder();
        if (policy.getRelocation() == Relocation.RELOCATION_UNSPECIFIED) {
            full.setRelocation(Relocation.RELOCATION_KEEP);
        }
        if (policy.getOnLostContact() == LostContactPolicy.LOST_CONTACT_POLICY_UNSPECIFIED) {
            full.setOnLostContact(LostContactPolicy.LOST_CONTACT_POLICY_KEEP);
        }
        if (policy.getOnLostContact() == LostContactPolicy.LOST_CONTACT_POLICY_STOP
                && policy.getLostContactSeconds() == 0) {
            full.setLostContactSeconds(DEFAULT_LOST_CONTACT_SECONDS);
        }
        full.getAffinityBuilderList().stream()
                .filter(rule -> rule.getTopology().isEmpty())
                .forEach(rule -> rule.setTopology(NODE));
        return full.build();
    }

    private static void checkRule(Violations v, String field, AffinityRule rule) {
        v.check(
                rule.getLabelSelectorCount() > 0,
                field + "label_selector",
                "no labels",
                "at least one");
        v.labels(field + "label_selector", rule.getLabelSelectorMap());
        if (!rule.getTopology().isEmpty()) {
            // "node", "zone" and "region" have the form of label keys too.
            v.labels(field + "topology", Map.of(rule.getTopology(), ""));
        }
    }
}
