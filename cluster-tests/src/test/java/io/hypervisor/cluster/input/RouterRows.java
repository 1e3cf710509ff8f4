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
import static io.hypervisor.cluster.input.Values.NO_PREFIXES;

import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.GetRouterRequest;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.UpdateRouterRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** NetworkService's requests about routers, wrong field by field. */
final class RouterRows {
    private static final Set<String> WRITTEN = Set.of("name", "admin_state", "external_gateway");
    private static final String GATEWAY = "external_gateway.";
    private static final String FIXED = GATEWAY + "external_fixed_ips";
    private static final Call CREATE =
            NetworkRows.call(
                    CreateRouterRequest.newBuilder().setName("fresh").build(), "CreateRouter");
    private static final Call OUTSIDE = CREATE.with(GATEWAY + "network_id", "{external}");
    private static final Call GET =
            NetworkRows.call(
                    GetRouterRequest.newBuilder().setRouterId("{router}").build(), "GetRouter");
    private static final Call LIST =
            NetworkRows.call(ListRoutersRequest.getDefaultInstance(), "ListRouters");
    private static final Call UPDATE =
            NetworkRows.call(
                    UpdateRouterRequest.newBuilder()
                            .setRouter(Router.newBuilder().setId("{router}").setName("other-name"))
                            .setUpdateMask(mask("name"))
                            .build(),
                    "UpdateRouter");
    private static final Call MOVE =
            UPDATE.with("router.id", "{spare}")
                    .with("update_mask", mask("external_gateway"))
                    .with("router.external_gateway.network_id", "{external}");
    private static final Call DELETE =
            NetworkRows.call(
                    DeleteRouterRequest.newBuilder().setRouterId("{router}").build(),
                    "DeleteRouter");
    private static final Call ATTACH =
            NetworkRows.call(
                    AddRouterInterfaceRequest.newBuilder()
                            .setRouterId("{router}")
                            .setSubnetId("{other_subnet}")
                            .build(),
                    "AddRouterInterface");
    private static final Call DETACH =
            NetworkRows.call(
                    RemoveRouterInterfaceRequest.newBuilder()
                            .setRouterId("{router}")
                            .setSubnetId("{subnet}")
                            .build(),
                    "RemoveRouterInterface");
    private static final Call ROUTE =
            NetworkRows.call(
                    AddRouteRequest.newBuilder()
                            .setRouterId("{router}")
                            .setDestination("10.21.0.0/16")
                            .setNexthop("10.0.0.9")
                            .build(),
                    "AddRoute");
    private static final Call UNROUTE =
            NetworkRows.call(
                    RemoveRouteRequest.newBuilder()
                            .setRouterId("{router}")
                            .setDestination(NetworkScene.DESTINATION)
                            .build(),
                    "RemoveRoute");

    private RouterRows() {}

    /** Fields for which no value is wrong. */
    static Map<String, String> neverWrong() {
        Map<String, String> fields =
                new HashMap<>(
                        CommonRows.notRead(
                                "UpdateRouterRequest.router", Router.getDescriptor(), WRITTEN));
        fields.put("CreateRouterRequest.distributed", "accepted and not read");
        fields.put("CreateRouterRequest.external_gateway.enable_snat", "both have a meaning");
        fields.put("UpdateRouterRequest.router.external_gateway.enable_snat", "both");
        fields.put("UpdateRouterRequest.router.admin_state", "both");
        return fields;
    }

    static Stream<Row> all() {
        return Stream.of(
                        creation(),
                        gateways(OUTSIDE, ""),
                        update(),
                        routes(),
                        byId(),
                        asThingsAre(),
                        interfacesAsThingsAre())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        CREATE.each("name", NAMES, "1-63 lower-case"),
                        optionalNames("tenant_id", CREATE, LIST),
                        requestIds(CREATE, ATTACH),
                        pages(LIST, LIST.with("tenant_id", "acme"), "{routers_token}"))
                .flatMap(rows -> rows);
    }

    private static FixedIP fixed(String address) {
        return FixedIP.newBuilder().setIpAddress(address).build();
    }

    private static FixedIP ofSubnet(String subnetId) {
        return FixedIP.newBuilder().setSubnetId(subnetId).build();
    }

    private static Stream<Row> gateways(Call call, String at) {
        String each = at + FIXED;
        String one = each + "[0].";
        Call chosen = call.with(each, List.of(fixed("198.51.100.9")));
        return Stream.of(
                        ids(at + GATEWAY + "network_id", call),
                        optionalIds(one + "subnet_id", chosen),
                        chosen.each(one + "ip_address", NO_ADDRESSES, "an IPv4 or IPv6 address"),
                        unknown("network", at + GATEWAY + "network_id", call),
                        unknown("subnet", one + "subnet_id", chosen),
                        Stream.of(
                                call.bad(
                                                each,
                                                List.of(FixedIP.getDefaultInstance()),
                                                "a subnet or an ip_address")
                                        .at(one + "subnet_id"),
                                call.bad(
                                                each,
                                                List.of(
                                                        fixed("198.51.100.8"),
                                                        fixed("198.51.100.9")),
                                                "of another address family")
                                        .at(each + "[1].ip_address"),
                                call.bad(
                                        each,
                                        List.of(fixed("198.51.100.8"), fixed("::1"), fixed("::2")),
                                        "at most one of each address family"),
                                chosen.bad(one + "ip_address", "10.0.0.9", "an address of a"),
                                chosen.bad(one + "ip_address", "198.51.100.15", "neither its"),
                                chosen.with(one + "subnet_id", "{public}")
                                        .bad(one + "ip_address", "10.0.0.9", "an address in"),
                                chosen.missing(one + "subnet_id", "{subnet}", "subnet"),
                                chosen.taken(
                                        one + "ip_address",
                                        NetworkScene.FLOATING,
                                        "floating IP {floating} holds it"),
                                call.with(at + GATEWAY + "network_id", "{net}")
                                        .held("NOT_EXTERNAL", "network {net}"),
                                call.with(at + GATEWAY + "network_id", "{dry}")
                                        .held("NO_SUBNET", "network {dry}"),
                                call.bad(
                                                each,
                                                Values.times(2, ofSubnet("{public}")),
                                                "of another address family")
                                        .at(each + "[1].ip_address")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> update() {
        return Stream.of(
                        masks(UPDATE, Router.getDescriptor(), WRITTEN),
                        UPDATE.each("router.name", NAMES, "1-63 lower-case"),
                        gateways(MOVE, "router."))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> routes() {
        String range = "a range in prefix notation with host bits zero";
        return Stream.of(
                        Stream.of(ROUTE, UNROUTE)
                                .flatMap(
                                        call ->
                                                Stream.concat(
                                                        call.each(
                                                                "destination", NO_PREFIXES, range),
                                                        call.each(
                                                                "destination",
                                                                List.of("", "10.0.0.1/0"),
                                                                range))),
                        ROUTE.each("nexthop", NO_ADDRESSES, "an IPv4 or IPv6 address"),
                        ROUTE.each("nexthop", List.of(""), "an IPv4 or IPv6 address"),
                        Stream.of(
                                ROUTE.bad("nexthop", "2001:db8::9", "of the destination's family"),
                                ROUTE.with("destination", "2001:db8:9::/64")
                                        .bad("nexthop", "10.0.0.9", "of the destination's family")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        ids("router_id", GET, DELETE, ATTACH, DETACH, ROUTE, UNROUTE),
                        ids("router.id", UPDATE),
                        ids("subnet_id", ATTACH, DETACH),
                        revisions(
                                "expected_revision",
                                UPDATE,
                                DELETE,
                                ATTACH,
                                DETACH,
                                ROUTE,
                                UNROUTE),
                        unknown("router", "router_id", GET, DELETE, ATTACH, DETACH, ROUTE, UNROUTE),
                        unknown("router", "router.id", UPDATE),
                        unknown("subnet", "subnet_id", ATTACH, DETACH),
                        stale(UPDATE, DELETE, ATTACH, DETACH, ROUTE, UNROUTE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> asThingsAre() {
        return Stream.of(
                CREATE.taken("name", "taken", "router {router} has it"),
                CommonRows.usedRequestId(CREATE, "made-router"),
                UPDATE.taken("router.name", "spare", "router {spare} has it"),
                UPDATE.with("update_mask", mask("external_gateway"))
                        .held("IN_USE", "floating IP {floating}"),
                UPDATE.with("update_mask", mask("external_gateway"))
                        .with("router.external_gateway.network_id", "{elsewhere}")
                        .held("IN_USE", "floating IP {floating}"),
                DELETE.held("IN_USE", "interface in subnet"),
                ROUTE.with("destination", NetworkScene.DESTINATION)
                        .taken("nexthop", "10.0.0.9", NetworkScene.HOP),
                ROUTE.with("nexthop", "192.0.2.1").held("UNREACHABLE_NEXT_HOP", "router {router}"),
                ROUTE.with("router_id", "{spare}").held("UNREACHABLE_NEXT_HOP", "router {spare}"),
                UNROUTE.missing("destination", "10.99.0.0/16", "route of router {router}"));
    }

    private static Stream<Row> interfacesAsThingsAre() {
        return Stream.of(
                ATTACH.taken("subnet_id", "{subnet}", "not attached to this router"),
                ATTACH.with("router_id", "{spare}")
                        .with("subnet_id", "{subnet}")
                        .held("ATTACHED", "is attached to router {router}"),
                ATTACH.with("subnet_id", "{public}").held("EXTERNAL", "external network"),
                ATTACH.with("subnet_id", "{overlapping}").held("OVERLAP", "subnet {subnet}"),
                CommonRows.usedRequestId(ATTACH, "made-interface"),
                DETACH.missing("subnet_id", "{other_subnet}", "interface of router {router}"),
                DETACH.held("IN_USE", "route to " + NetworkScene.DESTINATION),
                DETACH.held("IN_USE", "floating IP {floating}"));
    }
}
