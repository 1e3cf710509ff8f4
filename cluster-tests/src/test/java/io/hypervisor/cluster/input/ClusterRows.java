package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.CommonRows.ids;
import static io.hypervisor.cluster.input.CommonRows.optionalIds;
import static io.hypervisor.cluster.input.CommonRows.pages;
import static io.hypervisor.cluster.input.CommonRows.revisions;
import static io.hypervisor.cluster.input.CommonRows.stale;
import static io.hypervisor.cluster.input.CommonRows.unknown;
import static io.hypervisor.cluster.input.Values.LABEL_VALUES;
import static io.hypervisor.cluster.input.Values.LONG;
import static io.hypervisor.cluster.input.Values.UNKNOWN;

import com.google.protobuf.Message;

import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.api.v1.WatchNodesRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** ClusterService's requests, wrong field by field. */
final class ClusterRows {
    private static final String NODE = "{node}";
    static final RegisterNodeRequest GOOD_NODE =
            RegisterNodeRequest.newBuilder()
                    .setHostname("fresh")
                    .setIp("127.0.0.1")
                    .setPort(1)
                    .setCapacity(Resources.newBuilder().setCpuCores(4).setMemoryBytes(8L << 30))
                    .addSupportedInstanceTypes("container")
                    .build();
    private static final Call REGISTER = call(GOOD_NODE, "RegisterNode");
    private static final Call DEREGISTER =
            call(DeregisterNodeRequest.newBuilder().setNodeId(NODE).build(), "DeregisterNode");
    private static final Call GET =
            call(GetNodeRequest.newBuilder().setNodeId(NODE).build(), "GetNode");
    private static final Call LIST = call(ListNodesRequest.getDefaultInstance(), "ListNodes");
    private static final Call UPDATE =
            call(UpdateNodeStatusRequest.newBuilder().setNodeId(NODE).build(), "UpdateNodeStatus");
    private static final Call BEAT =
            call(HeartbeatRequest.newBuilder().setNodeId(NODE).build(), "Heartbeat");
    private static final Call WATCH = call(WatchNodesRequest.getDefaultInstance(), "WatchNodes");
    private static final Call FENCE =
            call(FenceNodeRequest.newBuilder().setNodeId(NODE).build(), "FenceNode");

    /** Fields for which no value is wrong. */
    static final Map<String, String> NEVER_WRONG = Map.of();

    private ClusterRows() {}

    private static Call call(Message good, String method) {
        return Call.of("ClusterService", good, method);
    }

    static Stream<Row> all() {
        return Stream.of(registration(), capacity(), byId(), lists(), status(), states())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> registration() {
        String host = "RFC 1123";
        String ip = "IPv4 or IPv6";
        String types = "at least one of vm, container, microvm, each at most once";
        Call known = REGISTER.with("versions", Map.of("qemu", "7.2"));
        return Stream.of(
                        REGISTER.each(
                                "hostname",
                                List.of(
                                        "",
                                        "-a",
                                        "a-",
                                        "a..b",
                                        ".a",
                                        "a_b",
                                        "a".repeat(64),
                                        ("a".repeat(63) + ".").repeat(4) + "a",
                                        "a\n",
                                        "a b",
                                        "n\u043ede",
                                        "$(hostname)",
                                        "a;b",
                                        "<a>"),
                                host),
                        REGISTER.each(
                                "ip",
                                List.of(
                                        "",
                                        "0.0.0.0",
                                        "224.0.0.1",
                                        "255.255.255.255",
                                        "::",
                                        "ff02::1"),
                                ip),
                        REGISTER.each("ip", Values.NO_ADDRESSES, ip),
                        REGISTER.each("port", List.of(0, -1, 65536, Integer.MAX_VALUE), "65535"),
                        REGISTER.each("role", List.of(3, -1, 99), "a value of the enum"),
                        REGISTER.each("region", LABEL_VALUES, "at most 63"),
                        REGISTER.each("zone", LABEL_VALUES, "at most 63"),
                        Values.labels(REGISTER, "metadata.labels"),
                        Values.annotations(REGISTER, "metadata.annotations"),
                        REGISTER.each(
                                "supported_instance_types",
                                List.of(
                                        List.of(),
                                        List.of(""),
                                        List.of("VM"),
                                        List.of("lxc"),
                                        List.of("vm\n"),
                                        List.of("vm", "vm"),
                                        Values.times(10_000, "vm")),
                                types),
                        optionalIds("node_id", REGISTER),
                        CommonRows.requestIds(REGISTER),
                        known.each(
                                "versions[qemu]",
                                List.of(LONG, "a\nb", "a\u0000", "\u202e"),
                                "128"),
                        Stream.of(
                                REGISTER.bad("versions", Map.of("", "1"), "1-128"),
                                REGISTER.bad("versions", Map.of("a\nb", "1"), "1-128"),
                                REGISTER.bad("versions", Values.entries(33), "at most 32")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> capacity() {
        return Stream.of(
                REGISTER.bad("capacity", Patch.ABSENT, "between 1").at("capacity.cpu_cores"),
                REGISTER.bad("capacity.cpu_cores", 0, "between 1"),
                REGISTER.bad("capacity.cpu_cores", -1, "between 1"),
                REGISTER.bad("capacity.cpu_cores", Integer.MAX_VALUE, "between 1"),
                REGISTER.bad("capacity.memory_bytes", 0, "between 1"),
                REGISTER.bad("capacity.memory_bytes", Long.MIN_VALUE, "between 1"),
                REGISTER.bad("capacity.memory_bytes", Long.MAX_VALUE, "between 1"),
                REGISTER.bad("capacity.disk_bytes", -1, "between 0"),
                REGISTER.bad("capacity.disk_bytes", Long.MAX_VALUE, "between 0"),
                REGISTER.bad("capacity.gpu_count", -1, "between 0"),
                REGISTER.bad("capacity.gpu_count", Integer.MAX_VALUE, "between 0"));
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        ids("node_id", DEREGISTER, GET, UPDATE, BEAT, FENCE),
                        revisions("expected_revision", DEREGISTER, UPDATE, FENCE),
                        revisions("min_revision", GET))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> lists() {
        return Stream.of(
                        pages(LIST, "{instances_token}"),
                        pages(LIST.with("region", "eu"), "{nodes_token}"),
                        LIST.each("role", List.of(3, -1), "a value of the enum"),
                        LIST.each("status", List.of(7, -1), "a value of the enum"),
                        LIST.each("region", LABEL_VALUES, "at most 63"),
                        LIST.each("zone", LABEL_VALUES, "at most 63"),
                        Values.labels(LIST, "label_selector"),
                        WATCH.each("role", List.of(3, -1), "a value of the enum"),
                        WATCH.each("region", LABEL_VALUES, "at most 63"),
                        WATCH.each("zone", LABEL_VALUES, "at most 63"),
                        ids("node_ids[0]", WATCH),
                        revisions("resume_revision", WATCH),
                        Stream.of(WATCH.bad("node_ids", Values.times(101, UNKNOWN), "at most 100")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> status() {
        String byOperator = "NODE_STATUS_READY, NODE_STATUS_CORDONED, NODE_STATUS_DRAINING";
        String byNode = "NODE_STATUS_READY or NODE_STATUS_NOT_READY";
        return Stream.of(
                        UPDATE.each(
                                "status",
                                List.of(
                                        NodeStatus.NODE_STATUS_NOT_READY_VALUE,
                                        NodeStatus.NODE_STATUS_UNREACHABLE_VALUE,
                                        7,
                                        -1),
                                byOperator),
                        BEAT.each(
                                "status",
                                List.of(
                                        NodeStatus.NODE_STATUS_CORDONED_VALUE,
                                        NodeStatus.NODE_STATUS_DRAINING_VALUE,
                                        NodeStatus.NODE_STATUS_MAINTENANCE_VALUE,
                                        NodeStatus.NODE_STATUS_UNREACHABLE_VALUE,
                                        7,
                                        -1),
                                byNode),
                        Values.conditions(UPDATE),
                        Values.conditions(BEAT),
                        Values.allocated(UPDATE),
                        Values.allocated(BEAT))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> states() {
        return Stream.of(
                        unknown("node", "node_id", DEREGISTER, GET, UPDATE, BEAT, FENCE),
                        stale(DEREGISTER, UPDATE, FENCE),
                        Stream.of(
                                DEREGISTER.held("NODE_OCCUPIED", "instance"),
                                FENCE.held("WRONG_STATE", "UNREACHABLE"),
                                REGISTER.with("hostname", "n1")
                                        .taken("ip", "127.0.0.9", "hostname: value: n1")))
                .flatMap(rows -> rows);
    }
}
