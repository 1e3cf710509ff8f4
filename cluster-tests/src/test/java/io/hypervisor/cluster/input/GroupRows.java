package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.CommonRows.ids;
import static io.hypervisor.cluster.input.CommonRows.mask;
import static io.hypervisor.cluster.input.CommonRows.masks;
import static io.hypervisor.cluster.input.CommonRows.optionalIds;
import static io.hypervisor.cluster.input.CommonRows.optionalNames;
import static io.hypervisor.cluster.input.CommonRows.pages;
import static io.hypervisor.cluster.input.CommonRows.requestIds;
import static io.hypervisor.cluster.input.CommonRows.revisions;
import static io.hypervisor.cluster.input.CommonRows.stale;
import static io.hypervisor.cluster.input.CommonRows.unknown;
import static io.hypervisor.cluster.input.Values.NAMES;

import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.GetSecurityGroupRequest;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.UpdateSecurityGroupRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** NetworkService's requests about security groups, wrong field by field. */
final class GroupRows {
    private static final Set<String> WRITTEN = Set.of("name", "description");
    private static final Call CREATE =
            NetworkRows.call(
                    CreateSecurityGroupRequest.newBuilder().setName("fresh").build(),
                    "CreateSecurityGroup");
    private static final Call GET =
            NetworkRows.call(
                    GetSecurityGroupRequest.newBuilder().setSecurityGroupId("{group}").build(),
                    "GetSecurityGroup");
    private static final Call LIST =
            NetworkRows.call(ListSecurityGroupsRequest.getDefaultInstance(), "ListSecurityGroups");
    private static final Call UPDATE =
            NetworkRows.call(
                    UpdateSecurityGroupRequest.newBuilder()
                            .setSecurityGroup(
                                    SecurityGroup.newBuilder()
                                            .setId("{group}")
                                            .setName("other-name"))
                            .setUpdateMask(mask("name"))
                            .build(),
                    "UpdateSecurityGroup");
    private static final Call DELETE =
            NetworkRows.call(
                    DeleteSecurityGroupRequest.newBuilder().setSecurityGroupId("{group}").build(),
                    "DeleteSecurityGroup");
    private static final Call ADD =
            NetworkRows.call(
                    AddSecurityRuleRequest.newBuilder()
                            .setSecurityGroupId("{group}")
                            .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)
                            .build(),
                    "AddSecurityRule");
    private static final Call TCP = ADD.with("protocol", "tcp").with("port_range_min", 22);
    private static final Call REMOVE =
            NetworkRows.call(
                    RemoveSecurityRuleRequest.newBuilder()
                            .setSecurityGroupId("{group}")
                            .setRuleId("{rule}")
                            .build(),
                    "RemoveSecurityRule");

    private GroupRows() {}

    /** Fields for which no value is wrong. */
    static Map<String, String> neverWrong() {
        return CommonRows.notRead(
                "UpdateSecurityGroupRequest.security_group",
                SecurityGroup.getDescriptor(),
                WRITTEN);
    }

    static Stream<Row> all() {
        return Stream.of(creation(), update(), rules(), ports(), remotes(), byId(), asThingsAre())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> descriptions(Call call, String field) {
        return call.each(
                field,
                List.of("x".repeat(1025), "a\nb", "a\u0000", "\u001b[2J", "\u202e", "\ufffe"),
                "at most 1024 characters");
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        CREATE.each("name", NAMES, "1-63 lower-case"),
                        descriptions(CREATE, "description"),
                        optionalNames("tenant_id", CREATE, LIST),
                        requestIds(CREATE, ADD),
                        pages(LIST, LIST.with("tenant_id", "acme"), "{groups_token}"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> update() {
        return Stream.of(
                        masks(UPDATE, SecurityGroup.getDescriptor(), WRITTEN),
                        UPDATE.each("security_group.name", NAMES, "1-63 lower-case"),
                        descriptions(
                                UPDATE.with("update_mask", mask("description")),
                                "security_group.description"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> rules() {
        return Stream.of(
                        ADD.each("direction", List.of(3, -1), "a value of the enum"),
                        ADD.each("direction", List.of(0), "SECURITY_RULE_DIRECTION_INGRESS or"),
                        ADD.each("ether_type", List.of(3, -1), "a value of the enum"),
                        ADD.each(
                                "protocol",
                                List.of(
                                        "TCP",
                                        "6",
                                        "sctp",
                                        "icmpv6",
                                        "all",
                                        "tcp ",
                                        "tcp\n",
                                        "tcp\u0000",
                                        "t\u0441p",
                                        "tcp;id",
                                        Values.LONG),
                                "\"tcp\", \"udp\", \"icmp\", \"any\" or empty"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> ports() {
        List<Object> beyond = List.of(65_536, 1 << 24, -1, Integer.MIN_VALUE);
        return Stream.of(
                        TCP.each("port_range_min", beyond, "between 0 and 65535"),
                        TCP.with("protocol", "udp")
                                .each("port_range_max", beyond, "between 22 and 65535"),
                        TCP.each("port_range_max", List.of(1, 21), "between 22 and 65535"),
                        Stream.of(
                                TCP.with("port_range_min", 0)
                                        .bad("port_range_max", 22, "0 without a port_range_min")),
                        Stream.of("", "any", "icmp")
                                .map(protocol -> ADD.with("protocol", protocol))
                                .flatMap(
                                        call ->
                                                Stream.of("port_range_min", "port_range_max")
                                                        .map(
                                                                end ->
                                                                        call.bad(
                                                                                end,
                                                                                22,
                                                                                "0 for a"
                                                                                    + " protocol"))))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> remotes() {
        String family = "the family of remote_ip_prefix";
        return Stream.of(
                        ADD.each(
                                "remote_ip_prefix",
                                Values.NO_PREFIXES,
                                "a range in prefix notation with host bits zero"),
                        optionalIds("remote_group_id", ADD),
                        Stream.of(
                                ADD.with("remote_ip_prefix", "10.0.0.0/8")
                                        .bad("remote_group_id", "{group}", "empty together with"),
                                ADD.with("remote_ip_prefix", "10.0.0.0/8")
                                        .bad("ether_type", EtherType.ETHER_TYPE_IPV6_VALUE, family),
                                ADD.with("remote_ip_prefix", "2001:db8::/32")
                                        .bad(
                                                "ether_type",
                                                EtherType.ETHER_TYPE_IPV4_VALUE,
                                                family)))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        String group = "security group";
        return Stream.of(
                        ids("security_group_id", GET, DELETE, ADD, REMOVE),
                        ids("security_group.id", UPDATE),
                        ids("rule_id", REMOVE),
                        revisions("expected_revision", UPDATE, DELETE, ADD, REMOVE),
                        unknown(group, "security_group_id", GET, DELETE, ADD, REMOVE),
                        unknown(group, "security_group.id", UPDATE),
                        unknown(group, "remote_group_id", ADD),
                        unknown("rule", "rule_id", REMOVE),
                        stale(UPDATE, DELETE, ADD, REMOVE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> asThingsAre() {
        return Stream.of(
                CREATE.taken("name", "taken", "security group {group} has it"),
                CREATE.taken("name", "default", "security group {default_group} has it"),
                CREATE.with("tenant_id", "nobody")
                        .taken("name", "default", "every tenant has that group"),
                CommonRows.usedRequestId(CREATE, "made-group"),
                CommonRows.usedRequestId(ADD, "made-rule"),
                UPDATE.taken("security_group.name", "peer", "security group {peer} has it"),
                UPDATE.with("security_group.id", "{default_group}")
                        .held("DEFAULT_GROUP", "every tenant has a group of that name"),
                DELETE.with("security_group_id", "{default_group}")
                        .held("DEFAULT_GROUP", "is the group \"default\""),
                DELETE.held("IN_USE", "port {port}"),
                DELETE.with("security_group_id", "{peer}").held("IN_USE", "security group {group}"),
                REMOVE.with("security_group_id", "{peer}").missing("rule_id", "{rule}", "rule"),
                TCP.taken("port_range_max", 22, "equal to rule {rule}"));
    }
}
