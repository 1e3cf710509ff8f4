package io.hypervisor.network.compiler;

import io.hypervisor.api.v1.SecurityRuleDirection;

/** The two filters that a packet passes: where it starts and where it ends. */
enum Direction {
    EGRESS(
            SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS,
            Stage.EGRESS_TRACK,
            Stage.EGRESS,
            Stage.EGRESS_ALLOWED,
            Stage.SWITCH,
            Field.SOURCE,
            Field.SOURCE_ZONE),
    INGRESS(
            SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS,
            Stage.INGRESS_TRACK,
            Stage.INGRESS,
            Stage.INGRESS_ALLOWED,
            Stage.DELIVER,
            Field.TARGET,
            Field.TARGET_ZONE);

    final SecurityRuleDirection ofRules;
    final Stage track;
    final Stage rules;
    final Stage allowed;
    final Stage next;
    final Field port;
    final Field zone;

    Direction(
            SecurityRuleDirection ofRules,
            Stage track,
            Stage rules,
            Stage allowed,
            Stage next,
            Field port,
            Field zone) {
        this.ofRules = ofRules;
        this.track = track;
        this.rules = rules;
        this.allowed = allowed;
        this.next = next;
        this.port = port;
        this.zone = zone;
    }

    /** The address at the other end. */
    Field remote(boolean v6) {
        if (this == EGRESS) {
            return v6 ? Field.IP6_DST : Field.IP_DST;
        }
        return v6 ? Field.IP6_SRC : Field.IP_SRC;
    }
}
