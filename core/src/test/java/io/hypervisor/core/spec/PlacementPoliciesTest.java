package io.hypervisor.core.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Violations;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Collections;
import java.util.function.Consumer;
import java.util.stream.Stream;

final class PlacementPoliciesTest {
    private static final AffinityRule RULE =
            AffinityRule.newBuilder().putLabelSelector("app", "web").build();

    private static Arguments bad(String field, Consumer<PlacementPolicy.Builder> is) {
        return Arguments.of("placement." + field, is);
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                bad("node_selector", p -> p.putNodeSelector("", "a")),
                bad("node_selector[a]", p -> p.putNodeSelector("a", "b/c")),
                bad("strategy", p -> p.setStrategyValue(9)),
                bad("relocation", p -> p.setRelocationValue(9)),
                bad("on_lost_contact", p -> p.setOnLostContactValue(9)),
                bad("priority", p -> p.setPriority(1001)),
                bad("priority", p -> p.setPriority(-1001)),
                bad("lost_contact_seconds", p -> p.setLostContactSeconds(29)),
                bad("lost_contact_seconds", p -> p.setLostContactSeconds(86_401)),
                bad("lost_contact_seconds", p -> p.setLostContactSeconds(-1)),
                bad("region", p -> p.setRegion("a b")),
                bad("zone", p -> p.setZone("a".repeat(64))),
                bad("preferred_node_id", p -> p.setPreferredNodeId("node-1")),
                bad("affinity", p -> p.addAllAffinity(Collections.nCopies(9, RULE))),
                bad("affinity[0].label_selector", p -> p.addAffinity(AffinityRule.newBuilder())),
                bad(
                        "affinity[1].topology",
                        p -> p.addAffinity(RULE).addAffinity(RULE.toBuilder().setTopology("a b"))));
    }

    @ParameterizedTest(name = "{0} {index}")
    @MethodSource
    void refused(String field, Consumer<PlacementPolicy.Builder> change) {
        PlacementPolicy.Builder policy = PlacementPolicy.newBuilder();
        change.accept(policy);
        Violations violations = PlacementPolicies.check(new Violations(), policy.build());
        Fault fault = catchThrowableOfType(Fault.class, violations::throwIfAny);
        assertThat(fault).isNotNull();
        assertThat(fault.violations()).extracting(Fault.Violation::field).contains(field);
    }

    @Test
    void acceptsTheBoundsAndWritesDefaultsOut() {
        PlacementPolicy given =
                PlacementPolicy.newBuilder()
                        .putNodeSelector("disk/kind", "ssd")
                        .setPriority(-1000)
                        .setRegion("eu-1")
                        .addAllAffinity(Collections.nCopies(8, RULE))
                        .setOnLostContact(LostContactPolicy.LOST_CONTACT_POLICY_STOP)
                        .build();
        PlacementPolicy full = PlacementPolicies.withDefaults(given);
        assertThatCode(
                        () -> {
                            PlacementPolicies.check(new Violations(), given).throwIfAny();
                            PlacementPolicies.check(new Violations(), full).throwIfAny();
                        })
                .doesNotThrowAnyException();
        assertThat(full.getRelocation()).isEqualTo(Relocation.RELOCATION_KEEP);
        assertThat(full.getLostContactSeconds()).isEqualTo(300);
        assertThat(full.getAffinity(0).getTopology()).isEqualTo("node");
        PlacementPolicy least =
                PlacementPolicies.withDefaults(PlacementPolicy.getDefaultInstance());
        assertThat(least.getOnLostContact()).isEqualTo(LostContactPolicy.LOST_CONTACT_POLICY_KEEP);
        assertThat(least.getLostContactSeconds()).isZero();
    }
}
