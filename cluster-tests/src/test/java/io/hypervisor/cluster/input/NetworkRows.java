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

import com.google.protobuf.Message;

import io.hypervisor.api.v1.AwaitNetworkRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.GetNetworkRequest;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListVTEPsRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.api.v1.WatchNetworkRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** NetworkService's requests about networks as such, wrong field by field. */
final class NetworkRows {
    private static final Set<String> WRITTEN =
            Set.of("name", "metadata", "shared", "mtu", "admin_state");
    private static final Call CREATE =
            call(CreateNetworkRequest.newBuilder().setName("fresh").build(), "CreateNetwork");
    private static final Call VLAN =
            CREATE.with("type", NetworkType.NETWORK_TYPE_VLAN_VALUE).with("vlan_id", 7);
    private static final Call FLAT = CREATE.with("type", NetworkType.NETWORK_TYPE_FLAT_VALUE);
    private static final Call BRIDGE = CREATE.with("type", NetworkType.NETWORK_TYPE_BRIDGE_VALUE);
    private static final Call GET =
            call(GetNetworkRequest.newBuilder().setNetworkId("{net}").build(), "GetNetwork");
    private static final Call LIST = call(ListNetworksRequest.getDefaultInstance(), "ListNetworks");
    private static final Call UPDATE =
            call(
                    UpdateNetworkRequest.newBuilder()
                            .setNetwork(Network.newBuilder().setId("{net}").setName("other-name"))
                            .setUpdateMask(mask("name"))
                            .build(),
                    "UpdateNetwork");
    private static final Call DELETE =
            call(DeleteNetworkRequest.newBuilder().setNetworkId("{net}").build(), "DeleteNetwork");
    private static final Call WATCH =
            call(WatchNetworkRequest.getDefaultInstance(), "WatchNetwork");
    private static final Call AWAIT =
            call(AwaitNetworkRequest.newBuilder().setRevision(1).build(), "AwaitNetwork");
    private static final Call VTEPS = call(ListVTEPsRequest.getDefaultInstance(), "ListVTEPs");

    private NetworkRows() {}

    static Call call(Message good, String method) {
        return Call.of("NetworkService", good, method);
    }

    /** Fields for which no value is wrong. */
    static Map<String, String> neverWrong() {
        Map<String, String> fields =
                new HashMap<>(
                        CommonRows.notRead(
                                "UpdateNetworkRequest.network", Network.getDescriptor(), WRITTEN));
        fields.put("CreateNetworkRequest.shared", "both values have a meaning");
        fields.put("UpdateNetworkRequest.network.admin_state", "both");
        fields.put("UpdateNetworkRequest.network.shared", "both");
        return fields;
    }

    static Stream<Row> all() {
        return Stream.of(creation(), segments(), update(), byId(), lists(), asThingsAre())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        CREATE.each("name", NAMES, "1-63 lower-case"),
                        CREATE.each("type", List.of(5, -1), "a value of the enum"),
                        Stream.of(CREATE, VLAN)
                                .flatMap(
                                        call ->
                                                call.each(
                                                        "mtu",
                                                        List.of(1, 575, 9001, -1),
                                                        "between 576 and 9000")),
                        optionalNames("tenant_id", CREATE),
                        optionalNames("physical_network", VLAN, FLAT, BRIDGE),
                        Values.labels(CREATE, "metadata.labels"),
                        Values.annotations(CREATE, "metadata.annotations"),
                        requestIds(CREATE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> segments() {
        return Stream.of(
                        CREATE.each(
                                "vni",
                                List.of(1 << 24, -1, Integer.MAX_VALUE, Integer.MIN_VALUE),
                                "between 0 and 16777215"),
                        Stream.of(VLAN, FLAT, BRIDGE)
                                .map(call -> call.bad("vni", 7, "0 for a network that is not")),
                        Stream.of(CREATE, FLAT, BRIDGE)
                                .map(call -> call.bad("vlan_id", 7, "0 for a network that is not")),
                        VLAN.each("vlan_id", List.of(0, 4095, -1, 1 << 20), "between 1 and 4094"),
                        Stream.of(
                                CREATE.bad("external", true, "false for a VXLAN network"),
                                CREATE.bad("physical_network", "web", "empty for a VXLAN")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> update() {
        Call metadata = UPDATE.with("update_mask", mask("metadata"));
        return Stream.of(
                        masks(UPDATE, Network.getDescriptor(), WRITTEN),
                        UPDATE.each("network.name", NAMES, "1-63 lower-case"),
                        UPDATE.with("update_mask", mask("mtu", "shared"))
                                .each(
                                        "network.mtu",
                                        List.of(0, 575, 9001, -1),
                                        "between 576 and 9000"),
                        Values.labels(metadata, "network.metadata.labels"),
                        Values.annotations(metadata, "network.metadata.annotations"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        ids("network_id", GET, DELETE),
                        ids("network.id", UPDATE),
                        revisions("expected_revision", UPDATE, DELETE),
                        unknown("network", "network_id", GET, DELETE),
                        unknown("network", "network.id", UPDATE),
                        stale(UPDATE, DELETE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> lists() {
        return Stream.of(
                        pages(LIST, LIST.with("tenant_id", "acme"), "{networks_token}"),
                        pages(VTEPS, "{networks_token}"),
                        optionalNames("tenant_id", LIST, WATCH),
                        LIST.each("type", List.of(5, -1), "a value of the enum"),
                        WATCH.each("resources[0]", List.of(7, -1), "a value of the enum"),
                        WATCH.each("resources[0]", List.of(0), "a kind of resource"),
                        WATCH.each("resources", List.of(Values.times(17, 1)), "at most 16"),
                        optionalIds("network_id", WATCH),
                        revisions("resume_revision", WATCH),
                        AWAIT.each("revision", List.of(0, -1, Long.MIN_VALUE), "between 1 and"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> asThingsAre() {
        return Stream.of(
                CREATE.taken("name", "taken", "network {net} has it"),
                CREATE.with("tenant_id", "default").taken("name", "taken", "network {net} has it"),
                CREATE.taken("vni", NetworkScene.VNI, "network {net} has it"),
                VLAN.taken("vlan_id", NetworkScene.VLAN, "network {vlan} has it"),
                CommonRows.usedRequestId(CREATE, "made-net"),
                UPDATE.taken("network.name", "bare", "network {bare} has it"),
                UPDATE.with("network.id", "{shared}")
                        .with("update_mask", mask("shared"))
                        .held("IN_USE", "port {guest}"),
                UPDATE.with("update_mask", mask("mtu"))
                        .with("network.mtu", 1279)
                        .held("IN_USE", "IPv6 subnet {six}"),
                DELETE.held("IN_USE", "subnet {subnet}"),
                DELETE.with("network_id", "{external}").held("IN_USE", "subnet {public}"));
    }
}
