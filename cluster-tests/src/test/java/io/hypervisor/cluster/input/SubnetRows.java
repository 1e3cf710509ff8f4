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
import static io.hypervisor.cluster.input.Values.NO_ADDRESSES;
import static io.hypervisor.cluster.input.Values.NO_MACS;
import static io.hypervisor.cluster.input.Values.NO_PREFIXES;
import static io.hypervisor.cluster.input.Values.times;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.GetSubnetRequest;
import io.hypervisor.api.v1.IPPool;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateSubnetRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** NetworkService's requests about subnets and addresses, wrong field by field. */
final class SubnetRows {
    private static final Set<String> WRITTEN =
            Set.of("name", "dns_servers", "allocation_pools", "enable_dhcp");
    private static final String RANGE = "an IPv4 range from /8 to /30 or an IPv6 range";
    private static final Call CREATE =
            NetworkRows.call(
                    CreateSubnetRequest.newBuilder()
                            .setName("fresh")
                            .setNetworkId("{net}")
                            .setCidr("10.2.0.0/24")
                            .build(),
                    "CreateSubnet");
    private static final Call SIX = CREATE.with("cidr", "2001:db8:2::/64");
    private static final Call GET =
            NetworkRows.call(
                    GetSubnetRequest.newBuilder().setSubnetId("{subnet}").build(), "GetSubnet");
    private static final Call LIST =
            NetworkRows.call(ListSubnetsRequest.getDefaultInstance(), "ListSubnets");
    private static final Call UPDATE =
            NetworkRows.call(
                    UpdateSubnetRequest.newBuilder()
                            .setSubnet(Subnet.newBuilder().setId("{subnet}").setName("other-name"))
                            .setUpdateMask(mask("name"))
                            .build(),
                    "UpdateSubnet");
    private static final Call DELETE =
            NetworkRows.call(
                    DeleteSubnetRequest.newBuilder().setSubnetId("{subnet}").build(),
                    "DeleteSubnet");
    private static final Call ALLOCATE =
            NetworkRows.call(
                    AllocateIPRequest.newBuilder().setSubnetId("{subnet}").build(), "AllocateIP");
    private static final Call RELEASE =
            NetworkRows.call(
                    ReleaseIPRequest.newBuilder()
                            .setSubnetId("{subnet}")
                            .setIpAddress(NetworkScene.RESERVED)
                            .build(),
                    "ReleaseIP");
    private static final Call ALLOCATIONS =
            NetworkRows.call(
                    ListAllocationsRequest.newBuilder().setSubnetId("{subnet}").build(),
                    "ListAllocations");

    private SubnetRows() {}

    /** Fields for which no value is wrong. */
    static Map<String, String> neverWrong() {
        Map<String, String> fields =
                new HashMap<>(
                        CommonRows.notRead(
                                "UpdateSubnetRequest.subnet", Subnet.getDescriptor(), WRITTEN));
        fields.put("CreateSubnetRequest.enable_dhcp", "both values have a meaning");
        fields.put("UpdateSubnetRequest.subnet.enable_dhcp", "both");
        return fields;
    }

    static Stream<Row> all() {
        return Stream.of(
                        creation(),
                        ranges(CREATE, ""),
                        update(),
                        byId(),
                        lists(),
                        addresses(),
                        asThingsAre(),
                        addressesAsThingsAre())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        CREATE.each("name", NAMES, "1-63 lower-case"),
                        ids("network_id", CREATE),
                        CREATE.each("cidr", NO_PREFIXES, RANGE),
                        CREATE.each(
                                "cidr",
                                List.of(
                                        "",
                                        "0.0.0.0/0",
                                        "10.0.0.0/7",
                                        "10.2.0.0/31",
                                        "10.2.0.1/32",
                                        "2001:db8::/47",
                                        "2001:db8:2::/127",
                                        "2001:db8:2::/128",
                                        "::/0"),
                                RANGE),
                        CREATE.each(
                                "cidr",
                                List.of(
                                        "127.0.0.0/8",
                                        "224.0.0.0/8",
                                        "240.0.0.0/8",
                                        "0.0.0.0/8",
                                        "fe80::/64",
                                        "ff02::/64",
                                        "::/64"),
                                "unicast addresses"),
                        CREATE.each("gateway_ip", NO_ADDRESSES, "an address in 10.2.0.0/24"),
                        CREATE.each(
                                "gateway_ip",
                                List.of("10.2.0.0", "10.2.0.255", "10.2.1.1", "2001:db8:2::1"),
                                "neither its network nor its broadcast"),
                        SIX.each(
                                "gateway_ip",
                                List.of("2001:db8:2::", "2001:db8:3::1", "10.2.0.1"),
                                "an address in 2001:db8:2::/64"),
                        requestIds(CREATE))
                .flatMap(rows -> rows);
    }

    private static IPPool pool(String start, String end) {
        return IPPool.newBuilder().setStart(start).setEnd(end).build();
    }

    /** DNS servers and pools of 10.2.0.0/24, or the subnet's own 10.0.0.0/24 in an update. */
    private static Stream<Row> ranges(Call call, String at) {
        String net = at.isEmpty() ? "10.2.0." : "10.0.0.";
        String dns = at + "dns_servers";
        String pools = at + "allocation_pools";
        IPPool good = pool(net + "10", net + "20");
        Call pooled = call.with(pools, List.of(good));
        return Stream.of(
                        call.each(dns + "[0]", NO_ADDRESSES, "an IPv4 address"),
                        call.each(dns + "[0]", List.of("", "2001:db8::1"), "an IPv4 address"),
                        call.each(dns, List.of(times(9, net + "2")), "at most 8"),
                        pooled.each(pools + "[0].start", NO_ADDRESSES, "an address in"),
                        pooled.each(pools + "[0].end", NO_ADDRESSES, "an address in"),
                        Stream.of("start", "end")
                                .flatMap(
                                        end ->
                                                pooled.each(
                                                        pools + "[0]." + end,
                                                        List.of("", "10.3.0.1", "2001:db8::1"),
                                                        "an address in")),
                        Stream.of(
                                pooled.bad(pools + "[0].end", net + "9", "not before start"),
                                call.bad(pools, List.of(good, good), "no address of another")
                                        .at(pools + "[1]"),
                                call.bad(
                                                pools,
                                                List.of(good, pool(net + "20", net + "30")),
                                                "no address of another")
                                        .at(pools + "[1]"),
                                call.bad(
                                                pools,
                                                List.of(good, pool(net + "5", net + "30")),
                                                "no address of another")
                                        .at(pools + "[1]"),
                                call.bad(pools, times(17, good), "at most 16")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> update() {
        return Stream.of(
                        masks(UPDATE, Subnet.getDescriptor(), WRITTEN),
                        UPDATE.each("subnet.name", NAMES, "1-63 lower-case"),
                        ranges(
                                UPDATE.with("update_mask", mask("dns_servers", "allocation_pools")),
                                "subnet."),
                        UPDATE.with("subnet.id", "{six}")
                                .with("update_mask", mask("dns_servers"))
                                .each("subnet.dns_servers[0]", List.of("10.0.0.2"), "an IPv6"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        ids("subnet_id", GET, DELETE, ALLOCATE, RELEASE, ALLOCATIONS),
                        ids("subnet.id", UPDATE),
                        revisions("expected_revision", UPDATE, DELETE, RELEASE),
                        unknown("network", "network_id", CREATE),
                        unknown("subnet", "subnet_id", GET, DELETE, ALLOCATE, RELEASE, ALLOCATIONS),
                        unknown("subnet", "subnet.id", UPDATE),
                        stale(UPDATE, DELETE, RELEASE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> lists() {
        return Stream.of(
                        optionalIds("network_id", LIST),
                        pages(LIST, LIST.with("network_id", "{net}"), "{subnets_token}"),
                        pages(
                                ALLOCATIONS,
                                ALLOCATIONS.with("subnet_id", "{other_subnet}"),
                                "{allocations_token}"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> addresses() {
        String address = "an IPv4 or IPv6 address";
        return Stream.of(
                        Stream.of(ALLOCATE, RELEASE)
                                .flatMap(call -> call.each("ip_address", NO_ADDRESSES, address)),
                        RELEASE.each("ip_address", List.of(""), address),
                        ALLOCATE.each("mac_address", NO_MACS, "a unicast MAC address"),
                        optionalIds("instance_id", ALLOCATE),
                        optionalIds("port_id", ALLOCATE),
                        optionalNames("hostname", ALLOCATE),
                        requestIds(ALLOCATE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> asThingsAre() {
        return Stream.of(
                CREATE.taken("name", "taken", "subnet {subnet} has it"),
                CREATE.with("cidr", "10.0.0.0/16").held("OVERLAP", "subnet {subnet} of network"),
                CREATE.with("cidr", "10.0.0.128/25").held("OVERLAP", "subnet {subnet} of network"),
                CREATE.with("cidr", "2001:db8::/80").held("OVERLAP", "subnet {six} of network"),
                CREATE.with("network_id", "{routed}")
                        .with("cidr", "10.0.0.0/25")
                        .held("OVERLAP", "subnet {subnet} of network {net}"),
                SIX.with("network_id", "{bare}").held("MTU_TOO_SMALL", "at least 1280"),
                CommonRows.usedRequestId(CREATE, "made-subnet"),
                UPDATE.taken("subnet.name", "six", "subnet {six} has it"),
                DELETE.held("IN_USE", "router {router}"),
                DELETE.held("IN_USE", "port {port}"),
                DELETE.with("subnet_id", "{other_subnet}").held("IN_USE", "port {other_port}"));
    }

    private static Stream<Row> addressesAsThingsAre() {
        String host = "neither its network nor its broadcast";
        return Stream.of(
                        ALLOCATE.each(
                                "ip_address",
                                List.of("10.0.0.0", "10.0.0.255", "10.0.1.1", "2001:db8::9"),
                                host),
                        Stream.of(
                                ALLOCATE.taken("ip_address", "10.0.0.1", "the subnet's gateway"),
                                ALLOCATE.taken("ip_address", NetworkScene.ADDRESS, "port {port}"),
                                ALLOCATE.taken("ip_address", NetworkScene.RESERVED, "allocation"),
                                ALLOCATE.missing("instance_id", Values.UNKNOWN, "instance"),
                                ALLOCATE.missing("port_id", Values.UNKNOWN, "port"),
                                ALLOCATE.with("port_id", "{other_port}")
                                        .held("OTHER_NETWORK", "is of network {other}"),
                                ALLOCATE.refused(
                                        "subnet_id",
                                        "{full}",
                                        Code.RESOURCE_EXHAUSTED,
                                        "NO_FREE_ADDRESS",
                                        "subnet {full}"),
                                CommonRows.usedRequestId(ALLOCATE, "made-reserved"),
                                RELEASE.missing("ip_address", "10.0.0.77", "IP address"),
                                RELEASE.missing("ip_address", "192.0.2.1", "IP address"),
                                RELEASE.with("ip_address", "10.0.0.1")
                                        .held("IN_USE", "the subnet's gateway holds it"),
                                RELEASE.with("ip_address", NetworkScene.ADDRESS)
                                        .held("IN_USE", "port {port} holds it"),
                                RELEASE.with("subnet_id", "{public}")
                                        .with("ip_address", NetworkScene.ROUTER)
                                        .held("IN_USE", "router {router} holds it")))
                .flatMap(rows -> rows);
    }
}
