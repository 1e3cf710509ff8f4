package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.CommonRows.ids;
import static io.hypervisor.cluster.input.CommonRows.inState;
import static io.hypervisor.cluster.input.CommonRows.optionalIds;
import static io.hypervisor.cluster.input.CommonRows.unknown;
import static io.hypervisor.cluster.input.Values.NAMES;

import com.google.protobuf.Message;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.AgentRestartInstanceRequest;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.ImageSource;
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
    private static final Call PULL =
            call(
                    AgentPullImageRequest.newBuilder()
                            .setImageRef("nowhere")
                            .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                            .build(),
                    "PullImage");
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
        return Stream.of(SpecRows.all(VM, CONTAINER), creation(), byId(), states())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        optionalIds("instance_id", CONTAINER),
                        CONTAINER.each("name", NAMES, "1-63 lower-case"),
                        CONTAINER.each("type", List.of(0, 4, -1), "INSTANCE_TYPE_VM"),
                        Values.labels(CONTAINER, "labels"),
                        Values.annotations(CONTAINER, "annotations"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> byId() {
        Call later = call(AgentConsoleInput.getDefaultInstance(), "AttachConsole").after(FIRST);
        return Stream.of(
                        ids("instance_id", NAMED, DELETE, STOP, RESTART, LOGS),
                        CommonRows.timeouts(STOP),
                        CommonRows.tails(LOGS),
                        CommonRows.imageRefs(PULL),
                        CommonRows.sources(
                                PULL.with("type", 1).with("source", CommonRows.source()), "source"),
                        Stream.of(
                                PULL.bad("source", CommonRows.source(), "VMs only"),
                                CONTAINER.bad(
                                        "spec.image_source", CommonRows.source(), "VMs only")),
                        CommonRows.sources(
                                VM.with("spec.image_source", CommonRows.source()),
                                "spec.image_source"),
                        bootFile("kernel"),
                        bootFile("initrd"),
                        PULL.each("type", List.of(0, 4, -1), "INSTANCE_TYPE_VM"),
                        CommonRows.consoles(CONSOLE, later))
                .flatMap(rows -> rows);
    }

    /** What a spec's kernel or initial RAM disk stands for. */
    private static Stream<Row> bootFile(String use) {
        String field = "spec." + use + "_source";
        ImageSource right = CommonRows.source().toBuilder().setFormat(use).build();
        Call named = VM.with("spec.kernel", "k").with("spec.initrd", "i").with(field, right);
        return Stream.concat(
                CommonRows.sources(named, field),
                Stream.of(
                        VM.bad(field, right, "absent without spec." + use),
                        CONTAINER.bad(field, right, "VMs only"),
                        named.bad(field + ".format", "raw", "a format for spec." + use),
                        named.bad(field + ".virtual_size_bytes", 1, "between 0 and 0")));
    }

    private static Stream<Row> states() {
        String id = "instance_id";
        String wrong = "WRONG_STATE";
        return Stream.of(
                        unknown("instance", id, NAMED, DELETE, STOP, RESTART, LOGS, CONSOLE),
                        inState(
                                id,
                                "{running}",
                                "CLUSTER_INSTANCE",
                                "ComputeService",
                                START,
                                DELETE,
                                STOP,
                                RESTART),
                        inState(id, "{halted}", wrong, "STOPPED", STOP, RESTART, STATS, CONSOLE),
                        inState(id, LOCAL, wrong, "STOPPED or FAILED", START),
                        Stream.of(
                                CONTAINER.taken("name", "local", "name"),
                                CONTAINER.taken(id, LOCAL, "another content"),
                                VM.refused(
                                        "type",
                                        InstanceType.INSTANCE_TYPE_MICROVM_VALUE,
                                        Code.FAILED_PRECONDITION,
                                        "TYPE_NOT_SUPPORTED",
                                        "a type that this node runs"),
                                PULL.refused(
                                        "type",
                                        InstanceType.INSTANCE_TYPE_MICROVM_VALUE,
                                        Code.FAILED_PRECONDITION,
                                        "TYPE_NOT_SUPPORTED",
                                        "a type that this node runs")))
                .flatMap(rows -> rows);
    }
}
