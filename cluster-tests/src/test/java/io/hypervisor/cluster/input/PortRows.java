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
import static io.hypervisor.cluster.input.Values.IDS;
import static io.hypervisor.cluster.input.Values.UNKNOWN;
import static io.hypervisor.cluster.input.Values.UUID_EXPECTED;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.PortBindingType;
import io.hypervisor.api.v1.UnbindPortRequest;
import io.hypervisor.api.v1.UpdatePortRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** NetworkService's requests about ports, wrong field by field. */
final class PortRows {
    private static final Set<String> WRITTEN =
            Set.of("name", "security_groups", "admin_state", "rate_limit");
    private static final Call CREATE =
            NetworkRows.call(
                    CreatePortRequest.newBuilder().setNetworkId("{net}").build(), "CreatePort");
    private static final Call GET =
            NetworkRows.call(GetPortRequest.newBuilder().setPortId("{port}").build(), "GetPort");
    private static final Call LIST =
            NetworkRows.call(ListPortsRequest.getDefaultInstance(), "ListPorts");
    private static final Call UPDATE =
            NetworkRows.call(
                    UpdatePortRequest.newBuilder()
                            .setPort(Port.newBuilder().setId("{port}").setName("other-name"))
                            .setUpdateMask(mask("name"))
                            .build(),
                    "UpdatePort");
    private static final Call DELETE =
            NetworkRows.call(
                    DeletePortRequest.newBuilder().setPortId("{port}").build(), "DeletePort");
    private static final Call BIND =
            NetworkRows.call(
                    BindPortRequest.newBuilder()
                            .setPortId("{port}")
                            .setNodeId("{node}")
                            .setDeviceName("tap7")
                            .build(),
                    "BindPort");
    private static final Call BIND_INSTANCE =
            NetworkRows.call(
                    BindPortRequest.newBuilder()
                            .setPortId("{port}")
                            .setInstanceId("{running}")
                            .build(),
                    "BindPort");
    private static final Call UNBIND =
            NetworkRows.call(
                    UnbindPortRequest.newBuilder().setPortId("{port}").build(), "UnbindPort");

    private PortRows() {}

    /** Fields for which no value is wrong. */
    static Map<String, String> neverWrong() {
        Map<String, String> fields =
                new HashMap<>(
                        CommonRows.notRead(
                                "UpdatePortRequest.port", Port.getDescriptor(), WRITTEN));
        fields.put("UpdatePortRequest.port.admin_state", "both values have a meaning");
        return fields;
    }

    static Stream<Row> all() {
        return Stream.of(
                        creation(),
                        groupsAndRates(CREATE, ""),
                        update(),
                        binding(),
                        byId(),
                        lists(),
                        asThingsAre(),
                        bindingAsThingsAre())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        optionalNames("name", CREATE),
                        ids("network_id", CREATE),
                        optionalIds("subnet_id", CREATE),
                        CREATE.each("mac_address", Values.NO_MACS, "a unicast MAC address"),
                        CREATE.each("ip_address", Values.NO_ADDRESSES, "an IPv4 or IPv6 address"),
                        CREATE.each("binding_type", List.of(5, -1), "a value of the enum"),
                        optionalNames("tenant_id", CREATE),
                        requestIds(CREATE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> groupsAndRates(Call call, String at) {
        String groups = at + "security_groups";
        List<String> many =
                IntStream.range(0, 17).mapToObj(i -> UNKNOWN.substring(2) + (10 + i)).toList();
        return Stream.of(
                        call.each(groups + "[0]", IDS, UUID_EXPECTED),
                        Stream.of(
                                call.bad(groups, many, "at most 16"),
                                call.bad(groups, List.of(UNKNOWN, UNKNOWN), "at most once")
                                        .at(groups + "[1]")),
                        Stream.of("egress_bps", "ingress_bps")
                                .flatMap(
                                        rate ->
                                                call.each(
                                                        at + "rate_limit." + rate,
                                                        List.of(
                                                                1,
                                                                999,
                                                                1_000_000_000_001L,
                                                                Long.MAX_VALUE,
                                                                -1,
                                                                Long.MIN_VALUE),
                                                        "0, or between 1000 and 1000000000000")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> update() {
        return Stream.of(
                        masks(UPDATE, Port.getDescriptor(), WRITTEN),
                        optionalNames("port.name", UPDATE),
                        groupsAndRates(
                                UPDATE.with("update_mask", mask("security_groups", "rate_limit")),
                                "port."))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> binding() {
        List<String> devices =
                List.of(
                        "a".repeat(16),
                        "-rf",
                        "a/b",
                        "../tap",
                        "tap 7",
                        "tap7\n",
                        "tap\u0000",
                        "t\u00e4p",
                        "tap;reboot",
                        "$(id)",
                        "tap:7",
                        Values.LONG);
        return Stream.of(
                        ids("node_id", BIND),
                        BIND.each("device_name", List.of(""), "an interface name"),
                        optionalIds("instance_id", BIND_INSTANCE),
                        optionalIds("node_id", BIND_INSTANCE),
                        Stream.of(BIND, BIND_INSTANCE)
                                .flatMap(
                                        call ->
                                                call.each(
                                                        "device_name",
                                                        devices,
                                                        "an interface name of 1-15")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        ids("port_id", GET, DELETE, BIND, BIND_INSTANCE, UNBIND),
                        ids("port.id", UPDATE),
                        revisions("expected_revision", UPDATE, DELETE, BIND, UNBIND),
                        unknown("port", "port_id", GET, DELETE, BIND, UNBIND),
                        unknown("port", "port.id", UPDATE),
                        unknown("network", "network_id", CREATE),
                        unknown("subnet", "subnet_id", CREATE),
                        unknown("security group", "security_groups[0]", CREATE),
                        unknown(
                                "security group",
                                "port.security_groups[0]",
                                UPDATE.with("update_mask", mask("security_groups"))),
                        unknown("node", "node_id", BIND, BIND_INSTANCE),
                        unknown("instance", "instance_id", BIND_INSTANCE),
                        stale(UPDATE, DELETE, BIND, UNBIND))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> lists() {
        return Stream.of(
                        optionalIds("network_id", LIST),
                        optionalIds("instance_id", LIST),
                        optionalIds("node_id", LIST),
                        pages(LIST, LIST.with("network_id", "{net}"), "{ports_token}"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> asThingsAre() {
        Call inSubnet = CREATE.with("subnet_id", "{subnet}");
        String fits = "one that fits network {net}";
        return Stream.of(
                CREATE.taken("name", "taken", "port {port} has it"),
                CREATE.taken("mac_address", NetworkScene.MAC, "port {port} has it"),
                CREATE.taken("mac_address", "02:00:00:00:00:1A", "port {port} has it"),
                CREATE.taken("ip_address", NetworkScene.ADDRESS, "port {port} holds it"),
                inSubnet.taken("ip_address", NetworkScene.RESERVED, "allocation"),
                CREATE.taken("ip_address", "10.0.0.1", "the subnet's gateway"),
                CREATE.bad("ip_address", "192.0.2.7", "an address of the network's subnets"),
                inSubnet.bad("ip_address", "192.0.2.7", "an address in 10.0.0.0/24"),
                inSubnet.bad("ip_address", "2001:db8::7", "an address in 10.0.0.0/24"),
                inSubnet.bad("ip_address", "10.0.0.255", "neither its network nor"),
                CREATE.with("subnet_id", "{other_subnet}")
                        .held("OTHER_NETWORK", "is of network {other}"),
                CREATE.with("network_id", "{bare}").held("NO_SUBNET", "network {bare}"),
                CREATE.with("network_id", "{full_network}")
                        .refused(
                                "",
                                "",
                                Code.RESOURCE_EXHAUSTED,
                                "NO_FREE_ADDRESS",
                                "subnet {full}"),
                CREATE.refused(
                        "tenant_id",
                        "acme",
                        Code.PERMISSION_DENIED,
                        "OTHER_TENANT",
                        "of tenant default and not shared"),
                CREATE.refused(
                        "security_groups[0]",
                        "{foreign_group}",
                        Code.PERMISSION_DENIED,
                        "OTHER_TENANT",
                        "is of tenant elsewhere"),
                UPDATE.with("update_mask", mask("security_groups"))
                        .refused(
                                "port.security_groups[0]",
                                "{foreign_group}",
                                Code.PERMISSION_DENIED,
                                "OTHER_TENANT",
                                "is of tenant elsewhere"),
                CREATE.bad("binding_type", PortBindingType.PORT_BINDING_LINUX_BRIDGE_VALUE, fits),
                CREATE.bad("binding_type", PortBindingType.PORT_BINDING_SRIOV_VALUE, fits),
                CommonRows.usedRequestId(CREATE, "made-port"),
                UPDATE.taken("port.name", "beside", "port {beside} has it"),
                UPDATE.with("port.id", "{interface}").held("ROUTER_INTERFACE", "router {router}"),
                DELETE.with("port_id", "{interface}").held("ROUTER_INTERFACE", "router {router}"),
                UNBIND.with("port_id", "{interface}").held("ROUTER_INTERFACE", "router {router}"));
    }

    private static Stream<Row> bindingAsThingsAre() {
        return Stream.of(
                BIND.with("port_id", "{interface}").held("ROUTER_INTERFACE", "router {router}"),
                BIND.held("WRONG_STATE", "a node that carries network {net}"),
                BIND_INSTANCE.held("WRONG_STATE", "a node that carries network {net}"),
                BIND_INSTANCE.with("node_id", "{second}").held("WRONG_STATE", "on node {second}"),
                BIND_INSTANCE
                        .with("instance_id", "{waiting}")
                        .held("WRONG_STATE", "placed on no node"),
                BIND_INSTANCE
                        .with("instance_id", "{local}")
                        .held("WRONG_STATE", "local to its node"));
    }
}
