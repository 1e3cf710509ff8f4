package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.Values.IDS;
import static io.hypervisor.cluster.input.Values.NAMES;
import static io.hypervisor.cluster.input.Values.UNKNOWN;
import static io.hypervisor.cluster.input.Values.UUID_EXPECTED;
import static io.hypervisor.cluster.input.Values.withoutEmpty;

import com.google.protobuf.Message;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentRestartInstanceRequest;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** AgentService's requests, wrong field by field; the node and the controller answer alike. */
final class AgentRows {
    private static final String LOCAL = "{local}";
    private static final AgentCreateInstanceRequest GOOD =
            AgentCreateInstanceRequest.newBuilder()
                    .setName("fresh")
                    .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                    .setSpec(SpecRows.CONTAINER)
                    .build();
    private static final Call CONTAINER = call(GOOD, "CreateInstance");
    private static final Call VM =
            call(
                    GOOD.toBuilder()
                            .setType(InstanceType.INSTANCE_TYPE_VM)
                            .setSpec(SpecRows.VM)
                            .build(),
                    "CreateInstance");
    private static final AgentInstanceRequest BY_ID =
            AgentInstanceRequest.newBuilder().setInstanceId(LOCAL).build();
    private static final Call NAMED =
            call(BY_ID, "StartInstance", "GetInstance", "GetInstanceStats");
    private static final Call START = call(BY_ID, "StartInstance");
    private static final Call STATS = call(BY_ID, "GetInstanceStats");
    private static final Call DELETE =
            call(
                    AgentDeleteInstanceRequest.newBuilder().setInstanceId(LOCAL).build(),
                    "DeleteInstance");
    private static final Call STOP =
            call(
                    AgentStopInstanceRequest.newBuilder().setInstanceId(LOCAL).build(),
                    "StopInstance");
    private static final Call RESTART =
            call(
                    AgentRestartInstanceRequest.newBuilder().setInstanceId(LOCAL).build(),
                    "RestartInstance");
    private static final Call LOGS =
            call(
                    GetInstanceLogsRequest.newBuilder().setInstanceId(LOCAL).build(),
                    "GetInstanceLogs");
    private static final AgentConsoleInput FIRST =
            AgentConsoleInput.newBuilder().setInstanceId(LOCAL).build();
    private static final Call CONSOLE = call(FIRST, "AttachConsole");

    /** Fields for which no value is wrong. */
    static final Map<String, String> NEVER_WRONG =
            Map.of(
                    "AgentCreateInstanceRequest.spec.network.assign_public_ip", "both",
                    "AgentCreateInstanceRequest.spec.volume_mounts.read_only", "both",
                    "AgentDeleteInstanceRequest.force", "both values have a meaning",
                    "AgentStopInstanceRequest.force", "both",
                    "AgentRestartInstanceRequest.force", "both");

    private AgentRows() {}

    private static Call call(Message good, String... methods) {
        return Call.of("AgentService", good, methods);
    }

    static Stream<Row> all() {
        return Stream.of(SpecRows.all(VM, CONTAINER), creation(), byId(), consoles(), states())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        CONTAINER.each("instance_id", withoutEmpty(IDS), UUID_EXPECTED),
                        CONTAINER.each("name", NAMES, "1-63 lower-case"),
                        CONTAINER.each("type", List.of(0, 4, -1), "INSTANCE_TYPE_VM"),
                        Values.labels(CONTAINER, "labels"),
                        Values.annotations(CONTAINER, "annotations"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        Stream.of(NAMED, DELETE, STOP, RESTART, LOGS)
                                .flatMap(call -> call.each("instance_id", IDS, UUID_EXPECTED)),
                        STOP.each(
                                "timeout_seconds",
                                List.of(-1, 3601, Integer.MIN_VALUE, Integer.MAX_VALUE),
                                "between 0 and 3600"),
                        LOGS.each(
                                "tail_bytes",
                                List.of(-1, (1 << 20) + 1, Long.MIN_VALUE, Long.MAX_VALUE),
                                "between 0 and 1048576"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> consoles() {
        byte[] large = new byte[64 * 1024 + 1];
        Call later = call(AgentConsoleInput.getDefaultInstance(), "AttachConsole").after(FIRST);
        return Stream.of(
                        CONSOLE.each("instance_id", IDS, UUID_EXPECTED),
                        later.each("instance_id", List.of(UNKNOWN, "x"), "the first message's"),
                        Stream.of(CONSOLE, later)
                                .flatMap(
                                        call ->
                                                Stream.of(
                                                        call.with("resize.height", 1)
                                                                .bad(
                                                                        "resize.width",
                                                                        0,
                                                                        "between 1"),
                                                        call.with("resize.height", 1)
                                                                .bad(
                                                                        "resize.width",
                                                                        10_001,
                                                                        "between 1"),
                                                        call.with("resize.width", 1)
                                                                .bad(
                                                                        "resize.height",
                                                                        -1,
                                                                        "between 1"),
                                                        call.bad("data", large, "at most 65536"))))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> states() {
        Code state = Code.FAILED_PRECONDITION;
        Stream<Row> unknown =
                Stream.of(NAMED, DELETE, STOP, RESTART, LOGS, CONSOLE)
                        .map(
                                call ->
                                        call.refused(
                                                "instance_id",
                                                UNKNOWN,
                                                Code.NOT_FOUND,
                                                "NOT_FOUND",
                                                "nstance not found: " + UNKNOWN));
        Stream<Row> ofTheCluster =
                Stream.of(START, DELETE, STOP, RESTART)
                        .map(
                                call ->
                                        call.refused(
                                                "instance_id",
                                                "{running}",
                                                state,
                                                "CLUSTER_INSTANCE",
                                                "ComputeService"));
        Stream<Row> stopped =
                Stream.of(STOP, RESTART, STATS, CONSOLE)
                        .map(
                                call ->
                                        call.refused(
                                                "instance_id",
                                                "{halted}",
                                                state,
                                                "WRONG_STATE",
                                                "STOPPED"));
        Stream<Row> rest =
                Stream.of(
                        START.refused("", "", state, "WRONG_STATE", "STOPPED or FAILED"),
                        CONTAINER.refused(
                                "name", "local", Code.ALREADY_EXISTS, "ALREADY_EXISTS", "name"),
                        CONTAINER.refused(
                                "instance_id",
                                LOCAL,
                                Code.ALREADY_EXISTS,
                                "ALREADY_EXISTS",
                                "another content"),
                        VM.refused(
                                "type",
                                InstanceType.INSTANCE_TYPE_MICROVM_VALUE,
                                state,
                                "TYPE_NOT_SUPPORTED",
                                "a type that this node runs"));
        return Stream.of(unknown, ofTheCluster, stopped, rest).flatMap(rows -> rows);
    }
}
