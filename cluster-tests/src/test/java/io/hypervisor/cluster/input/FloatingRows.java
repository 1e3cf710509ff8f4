package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.CommonRows.ids;
import static io.hypervisor.cluster.input.CommonRows.optionalIds;
import static io.hypervisor.cluster.input.CommonRows.optionalNames;
import static io.hypervisor.cluster.input.CommonRows.pages;
import static io.hypervisor.cluster.input.CommonRows.requestIds;
import static io.hypervisor.cluster.input.CommonRows.revisions;
import static io.hypervisor.cluster.input.CommonRows.stale;
import static io.hypervisor.cluster.input.CommonRows.unknown;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.GetFloatingIPRequest;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.stream.Stream;

/** NetworkService's requests about floating IPs, wrong field by field. */
final class FloatingRows {
    private static final Call CREATE =
            NetworkRows.call(
                    CreateFloatingIPRequest.newBuilder().setFloatingNetworkId("{external}").build(),
                    "CreateFloatingIP");
    private static final Call GET =
            NetworkRows.call(
                    GetFloatingIPRequest.newBuilder().setFloatingIpId("{floating}").build(),
                    "GetFloatingIP");
    private static final Call LIST =
            NetworkRows.call(ListFloatingIPsRequest.getDefaultInstance(), "ListFloatingIPs");
    private static final Call ASSOCIATE =
            NetworkRows.call(
                    AssociateFloatingIPRequest.newBuilder()
                            .setFloatingIpId("{idle}")
                            .setPortId("{port}")
                            .build(),
                    "AssociateFloatingIP");
    private static final Call DISASSOCIATE =
            NetworkRows.call(
                    DisassociateFloatingIPRequest.newBuilder()
                            .setFloatingIpId("{floating}")
                            .build(),
                    "DisassociateFloatingIP");
    private static final Call DELETE =
            NetworkRows.call(
                    DeleteFloatingIPRequest.newBuilder().setFloatingIpId("{floating}").build(),
                    "DeleteFloatingIP");

    private FloatingRows() {}

    static Stream<Row> all() {
        return Stream.of(fields(), byId(), asThingsAre()).flatMap(rows -> rows);
    }

    private static Stream<Row> fields() {
        return Stream.of(
                        ids("floating_network_id", CREATE),
                        optionalNames("tenant_id", CREATE, LIST),
                        optionalIds("port_id", LIST),
                        requestIds(CREATE),
                        pages(LIST, LIST.with("tenant_id", "acme"), "{floating_ips_token}"),
                        ASSOCIATE.each(
                                "fixed_ip", Values.NO_ADDRESSES, "an IPv4 address of the port"),
                        ASSOCIATE.each(
                                "fixed_ip", List.of("2001:db8::9"), "an IPv4 address of the port"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        ids("floating_ip_id", GET, ASSOCIATE, DISASSOCIATE, DELETE),
                        ids("port_id", ASSOCIATE),
                        revisions("expected_revision", ASSOCIATE, DISASSOCIATE, DELETE),
                        unknown("network", "floating_network_id", CREATE),
                        unknown(
                                "floating IP",
                                "floating_ip_id",
                                GET,
                                ASSOCIATE,
                                DISASSOCIATE,
                                DELETE),
                        unknown("port", "port_id", ASSOCIATE),
                        stale(ASSOCIATE, DISASSOCIATE, DELETE))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> asThingsAre() {
        return Stream.of(
                CREATE.with("floating_network_id", "{net}").held("NOT_EXTERNAL", "network {net}"),
                CREATE.with("floating_network_id", "{dry}").held("NO_SUBNET", "network {dry}"),
                CREATE.with("floating_network_id", "{used_up}")
                        .refused(
                                "", "", Code.RESOURCE_EXHAUSTED, "NO_FREE_ADDRESS", "192.0.2.0/30"),
                CommonRows.usedRequestId(CREATE.with("tenant_id", "acme"), "made-floating"),
                ASSOCIATE.taken("port_id", "{port}", "floating IP {floating} has it"),
                ASSOCIATE.bad("fixed_ip", "10.0.0.77", "its own or one reserved for it"),
                ASSOCIATE.with("port_id", "{other_port}").held("NO_ROUTER", "port {other_port}"),
                DELETE.held("IN_USE", "port {port}"));
    }
}
