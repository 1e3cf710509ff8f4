package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.GetSecurityGroupRequest;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.UpdateSecurityGroupRequest;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Security groups, asked for as clients do. */
final class SecurityGroupsTest extends NetworkClient {
    private static final SecurityRuleDirection INGRESS =
            SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS;

    private static SecurityGroup create(String name) {
        return api.createSecurityGroup(
                        CreateSecurityGroupRequest.newBuilder()
                                .setName(name)
                                .setTenantId("blue")
                                .build())
                .getSecurityGroup();
    }

    private static SecurityGroup get(String id) {
        return api.getSecurityGroup(
                        GetSecurityGroupRequest.newBuilder().setSecurityGroupId(id).build())
                .getSecurityGroup();
    }

    private static AddSecurityRuleRequest.Builder rule(SecurityGroup group) {
        return AddSecurityRuleRequest.newBuilder()
                .setSecurityGroupId(group.getId())
                .setDirection(INGRESS);
    }

    private static void refused(Status.Code code, String text, Runnable call) {
        try {
            call.run();
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode()).isEqualTo(code);
            assertThat(e.getStatus().getDescription()).contains(text);
            return;
        }
        throw new AssertionError("not refused (expected: " + code + " " + text + ")");
    }

    @Test
    void aNewGroupLetsEverythingOut() {
        SecurityGroup made = create("out");
        assertThat(made.getRulesList())
                .extracting(SecurityGroupRule::getEtherType)
                .containsExactly(EtherType.ETHER_TYPE_IPV4, EtherType.ETHER_TYPE_IPV6);
        assertThat(made.getRulesList())
                .allSatisfy(
                        rule -> {
                            assertThat(rule.getProtocol()).isEqualTo("any");
                            assertThat(rule.getRevision()).isEqualTo(made.getRevision());
                        });
        assertThat(get(made.getId())).isEqualTo(made);
        refused(Status.Code.ALREADY_EXISTS, "name: value: out", () -> create("out"));
        refused(Status.Code.ALREADY_EXISTS, "name: value: default", () -> create("default"));
    }

    @Test
    void rulesComeAndGoWithTheirRevisions() {
        SecurityGroup group = create("rules");
        SecurityGroupRule first =
                api.addSecurityRule(
                                rule(group)
                                        .setProtocol("tcp")
                                        .setPortRangeMin(80)
                                        .setRemoteIpPrefix("FD00::/8")
                                        .setRequestId("once")
                                        .build())
                        .getRule();
        assertThat(first.getPortRangeMax()).isEqualTo(80);
        assertThat(first.getEtherType()).isEqualTo(EtherType.ETHER_TYPE_IPV6);
        assertThat(first.getRemoteIpPrefix()).isEqualTo("fd00::/8");
        SecurityGroupRule second = api.addSecurityRule(rule(group).build()).getRule();
        assertThat(second.getRevision()).isGreaterThan(first.getRevision());
        SecurityGroup now = get(group.getId());
        assertThat(now.getRulesList()).contains(first, second).hasSize(4);
        assertThat(now.getRulesList())
                .isSortedAccordingTo((a, b) -> a.getId().compareTo(b.getId()));
        AddSecurityRuleRequest again =
                rule(group)
                        .setProtocol("tcp")
                        .setPortRangeMin(80)
                        .setRemoteIpPrefix("FD00::/8")
                        .setRequestId("once")
                        .build();
        assertThat(api.addSecurityRule(again).getRule()).isEqualTo(first);
        refused(
                Status.Code.ALREADY_EXISTS,
                "equal to rule " + second.getId(),
                () -> api.addSecurityRule(rule(group).setProtocol("any").build()));
        refused(
                Status.Code.ABORTED,
                group.getId(),
                () ->
                        api.addSecurityRule(
                                rule(group)
                                        .setProtocol("udp")
                                        .setExpectedRevision(group.getRevision())
                                        .build()));
        remove(group, first.getId());
        assertThat(get(group.getId()).getRulesList()).contains(second).doesNotContain(first);
        refused(Status.Code.NOT_FOUND, first.getId(), () -> remove(group, first.getId()));
    }

    private static void remove(SecurityGroup group, String rule) {
        api.removeSecurityRule(
                RemoveSecurityRuleRequest.newBuilder()
                        .setSecurityGroupId(group.getId())
                        .setRuleId(rule)
                        .build());
    }

    @Test
    void aGroupHasAtMost256Rules() {
        SecurityGroup group = create("many");
        for (int i = 0; i < 254; i++) {
            api.addSecurityRule(rule(group).setRemoteIpPrefix("10.0." + i + ".0/24").build());
        }
        refused(
                Status.Code.RESOURCE_EXHAUSTED,
                "256 rules",
                () -> api.addSecurityRule(rule(group).build()));
    }

    @Test
    void aGroupThatAnotherNamesStays() {
        SecurityGroup named = create("named");
        SecurityGroup naming = create("naming");
        api.addSecurityRule(rule(named).setRemoteGroupId(named.getId()).build());
        String rule =
                api.addSecurityRule(rule(naming).setRemoteGroupId(named.getId()).build())
                        .getRule()
                        .getId();
        refused(
                Status.Code.FAILED_PRECONDITION,
                "security group " + naming.getId(),
                () -> delete(named));
        remove(naming, rule);
        delete(named);
        refused(Status.Code.NOT_FOUND, named.getId(), () -> get(named.getId()));
    }

    private static void delete(SecurityGroup group) {
        api.deleteSecurityGroup(
                DeleteSecurityGroupRequest.newBuilder().setSecurityGroupId(group.getId()).build());
    }

    @Test
    void namesAndDescriptionsAreWritten() {
        SecurityGroup group = create("before");
        UpdateSecurityGroupRequest.Builder update =
                UpdateSecurityGroupRequest.newBuilder()
                        .setSecurityGroup(
                                SecurityGroup.newBuilder()
                                        .setId(group.getId())
                                        .setName("after")
                                        .setDescription("what it is for"))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("name"));
        SecurityGroup renamed = api.updateSecurityGroup(update.build()).getSecurityGroup();
        assertThat(renamed.getName()).isEqualTo("after");
        assertThat(renamed.getDescription()).isEmpty();
        assertThat(renamed.getRulesList()).isEqualTo(group.getRulesList());
        assertThat(api.updateSecurityGroup(update.build()).getSecurityGroup()).isEqualTo(renamed);
    }

    @Test
    void listsAreOfATenant() {
        SecurityGroup mine = create("listed");
        List<SecurityGroup> other =
                api.listSecurityGroups(
                                ListSecurityGroupsRequest.newBuilder()
                                        .setTenantId("nobody")
                                        .build())
                        .getSecurityGroupsList();
        assertThat(other).isEmpty();
        assertThat(
                        api.listSecurityGroups(
                                        ListSecurityGroupsRequest.newBuilder()
                                                .setTenantId("blue")
                                                .setPageSize(100)
                                                .build())
                                .getSecurityGroupsList())
                .extracting(SecurityGroup::getId)
                .contains(mine.getId());
    }

    @Test
    void badRulesAreToldWhatIsExpected() {
        SecurityGroup group = create("bad");
        refused(
                Status.Code.INVALID_ARGUMENT,
                "direction",
                () ->
                        api.addSecurityRule(
                                AddSecurityRuleRequest.newBuilder()
                                        .setSecurityGroupId(group.getId())
                                        .build()));
        for (String prefix :
                List.of("10", "10.0.0.1", "10.0.0.0/33", "10.0.0.1/24", "fe80::1%eth0/64", "x/8")) {
            refused(
                    Status.Code.INVALID_ARGUMENT,
                    "remote_ip_prefix: value: " + prefix,
                    () -> api.addSecurityRule(rule(group).setRemoteIpPrefix(prefix).build()));
        }
        refused(
                Status.Code.INVALID_ARGUMENT,
                "port_range_max",
                () ->
                        api.addSecurityRule(
                                rule(group)
                                        .setProtocol("tcp")
                                        .setPortRangeMin(80)
                                        .setPortRangeMax(79)
                                        .build()));
        refused(
                Status.Code.INVALID_ARGUMENT,
                "port_range_min",
                () -> api.addSecurityRule(rule(group).setPortRangeMin(80).build()));
        refused(
                Status.Code.INVALID_ARGUMENT,
                "ether_type",
                () ->
                        api.addSecurityRule(
                                rule(group)
                                        .setRemoteIpPrefix("10.0.0.0/8")
                                        .setEtherType(EtherType.ETHER_TYPE_IPV6)
                                        .build()));
        refused(
                Status.Code.NOT_FOUND,
                "security group",
                () ->
                        api.addSecurityRule(
                                rule(group)
                                        .setRemoteGroupId("00000000-0000-4000-8000-000000000000")
                                        .build()));
    }
}
