package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.Values.IDS;
import static io.hypervisor.cluster.input.Values.LABEL_VALUES;
import static io.hypervisor.cluster.input.Values.LONG;
import static io.hypervisor.cluster.input.Values.NAMES;
import static io.hypervisor.cluster.input.Values.REVISION_EXPECTED;
import static io.hypervisor.cluster.input.Values.UNKNOWN;
import static io.hypervisor.cluster.input.Values.UUID_EXPECTED;
import static io.hypervisor.cluster.input.Values.withoutEmpty;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** ComputeService's requests, wrong field by field. */
final class ComputeRows {
    private static final String RUNNING = "{running}";
    private static final String ENUM = "a value of the enum";
    private static final CreateInstanceRequest GOOD =
            CreateInstanceRequest.newBuilder()
                    .setName("fresh")
                    .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                    .setSpec(SpecRows.CONTAINER)
                    .build();
    private static final Call CONTAINER = call(GOOD, "CreateInstance", "PlanInstance");
    private static final Call VM =
            call(
                    GOOD.toBuilder()
                            .setType(InstanceType.INSTANCE_TYPE_VM)
                            .setSpec(SpecRows.VM)
                            .build(),
                    "CreateInstance",
                    "PlanInstance");
    private static final Call CREATE = call(GOOD, "CreateInstance");
    private static final Call DELETE =
            call(
                    DeleteInstanceRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "DeleteInstance");
    private static final Call GET =
            call(GetInstanceRequest.newBuilder().setInstanceId(RUNNING).build(), "GetInstance");
    private static final Call LIST =
            call(ListInstancesRequest.getDefaultInstance(), "ListInstances");
    private static final Call START =
            call(StartInstanceRequest.newBuilder().setInstanceId(RUNNING).build(), "StartInstance");
    private static final Call STOP =
            call(StopInstanceRequest.newBuilder().setInstanceId(RUNNING).build(), "StopInstance");
    private static final Call RESTART =
            call(
                    RestartInstanceRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "RestartInstance");
    private static final Call STATS =
            call(
                    GetInstanceStatsRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "GetInstanceStats");
    private static final Call LOGS =
            call(
                    GetInstanceLogsRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "GetInstanceLogs");
    private static final Call WATCH =
            call(WatchInstanceRequest.getDefaultInstance(), "WatchInstance");
    private static final Call IMAGES = call(ListImagesRequest.getDefaultInstance(), "ListImages");
    private static final Call PULL =
            call(
                    PullImageRequest.newBuilder()
                            .setImageRef("nowhere")
                            .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                            .build(),
                    "PullImage");
    private static final ConsoleInput FIRST =
            ConsoleInput.newBuilder().setInstanceId(RUNNING).build();
    private static final Call CONSOLE = call(FIRST, "AttachConsole");

    /** Fields for which no value is wrong. */
    static final Map<String, String> NEVER_WRONG =
            Map.ofEntries(
                    Map.entry("CreateInstanceRequest.queue", "both values have a meaning"),
                    Map.entry("CreateInstanceRequest.spec.network.assign_public_ip", "both"),
                    Map.entry("CreateInstanceRequest.spec.volume_mounts.read_only", "both"),
                    Map.entry("CreateInstanceRequest.placement.affinity.anti", "both"),
                    Map.entry("CreateInstanceRequest.placement.affinity.required", "both"),
                    Map.entry("DeleteInstanceRequest.force", "both"),
                    Map.entry("StopInstanceRequest.force", "both"),
                    Map.entry("RestartInstanceRequest.force", "both"),
                    Map.entry("GetInstanceLogsRequest.follow", "both"),
                    Map.entry("ConsoleInput.tty", "both"));

    private ComputeRows() {}

    private static Call call(Message good, String... methods) {
        return Call.of("ComputeService", good, methods);
    }

    static Stream<Row> all() {
        return Stream.of(
                        SpecRows.all(VM, CONTAINER),
                        creation(),
                        placement(),
                        creationAsThingsAre(),
                        byId(),
                        lists(),
                        images(),
                        consoles(),
                        states())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        CONTAINER.each("name", NAMES, "1-63 lower-case"),
                        CONTAINER.each("type", List.of(0, 4, -1), "INSTANCE_TYPE_VM"),
                        Values.labels(CONTAINER, "metadata.labels"),
                        Values.annotations(CONTAINER, "metadata.annotations"),
                        CONTAINER.each("preferred_node_id", withoutEmpty(IDS), UUID_EXPECTED),
                        CONTAINER.each("region", LABEL_VALUES, "at most 63"),
                        CONTAINER.each("zone", LABEL_VALUES, "at most 63"),
                        CONTAINER.each("request_id", Values.REQUEST_IDS, "at most 128"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> placement() {
        String at = "placement.";
        AffinityRule rule = AffinityRule.newBuilder().putLabelSelector("app", "web").build();
        Call one = CONTAINER.with(at + "affinity", List.of(rule));
        return Stream.of(
                        Values.labels(CONTAINER, at + "node_selector"),
                        Values.labels(
                                CONTAINER.with(at + "affinity[0].topology", ""),
                                at + "affinity[0].label_selector"),
                        CONTAINER.each(at + "strategy", List.of(3, -1), ENUM),
                        CONTAINER.each(at + "relocation", List.of(3, -1), ENUM),
                        CONTAINER.each(at + "on_lost_contact", List.of(3, -1), ENUM),
                        CONTAINER.each(
                                at + "priority",
                                List.of(-1001, 1001, Integer.MIN_VALUE, Integer.MAX_VALUE),
                                "between -1000 and 1000"),
                        CONTAINER.each(
                                at + "lost_contact_seconds",
                                List.of(-1, 1, 29, 86_401, Integer.MAX_VALUE),
                                "between 30 and 86400"),
                        CONTAINER.each(at + "region", LABEL_VALUES, "at most 63"),
                        CONTAINER.each(at + "zone", LABEL_VALUES, "at most 63"),
                        CONTAINER.each(at + "preferred_node_id", withoutEmpty(IDS), UUID_EXPECTED),
                        one.each(
                                at + "affinity[0].topology",
                                withoutEmpty(Values.LABEL_KEYS),
                                "keys of"),
                        Stream.of(
                                CONTAINER.bad(at + "affinity", Values.times(9, rule), "at most 8"),
                                CONTAINER
                                        .bad(
                                                at + "affinity",
                                                List.of(AffinityRule.getDefaultInstance()),
                                                "at least one")
                                        .at(at + "affinity[0].label_selector")))
                .flatMap(rows -> rows);
    }

    /** Larger than a record may be, in a field that this version does not know. */
    private static Message inflated() {
        UnknownFieldSet unknown =
                UnknownFieldSet.newBuilder()
                        .addField(
                                1000,
                                UnknownFieldSet.Field.newBuilder()
                                        .addLengthDelimited(ByteString.copyFrom(new byte[2 << 20]))
                                        .build())
                        .build();
        return GOOD.toBuilder()
                .setSpec(SpecRows.CONTAINER.toBuilder().setUnknownFields(unknown))
                .build();
    }

    private static Stream<Row> creationAsThingsAre() {
        return Stream.of(
                call(inflated(), "CreateInstance", "PlanInstance")
                        .bad("", "", "at most 524288")
                        .at("request"),
                CREATE.refused(
                        "name",
                        "running",
                        Code.ALREADY_EXISTS,
                        "ALREADY_EXISTS",
                        "no instance has"),
                CREATE.with("request_id", "made-running")
                        .bad("request_id", "made-running", "from another request"),
                CONTAINER.refused(
                        "preferred_node_id",
                        UNKNOWN,
                        Code.NOT_FOUND,
                        "NOT_FOUND",
                        "node not found: " + UNKNOWN),
                CONTAINER.refused(
                        "placement.preferred_node_id",
                        UNKNOWN,
                        Code.NOT_FOUND,
                        "NOT_FOUND",
                        "node not found"),
                CREATE.refused(
                        "spec.memory_bytes",
                        16L << 40,
                        Code.RESOURCE_EXHAUSTED,
                        "NO_ROOM",
                        "bytes of memory"),
                CREATE.refused(
                        "placement.node_selector",
                        Values.entries(64),
                        Code.RESOURCE_EXHAUSTED,
                        "NO_ROOM",
                        "needs labels"),
                CREATE.refused(
                        "type",
                        InstanceType.INSTANCE_TYPE_MICROVM_VALUE,
                        Code.RESOURCE_EXHAUSTED,
                        "NO_ROOM",
                        "needs microvm"),
                CREATE.refused("region", "nowhere", Code.RESOURCE_EXHAUSTED, "NO_ROOM", "nowhere"),
                CREATE.refused("zone", "nowhere", Code.RESOURCE_EXHAUSTED, "NO_ROOM", "nowhere"));
    }

    private static Stream<Row> byId() {
        List<Object> negative = List.of(-1, Long.MIN_VALUE);
        List<Object> seconds = List.of(-1, 3601, Integer.MIN_VALUE, Integer.MAX_VALUE);
        return Stream.of(
                        Stream.of(DELETE, GET, START, STOP, RESTART, STATS, LOGS)
                                .flatMap(call -> call.each("instance_id", IDS, UUID_EXPECTED)),
                        Stream.of(DELETE, START, STOP, RESTART)
                                .flatMap(
                                        call ->
                                                call.each(
                                                        "expected_revision",
                                                        negative,
                                                        REVISION_EXPECTED)),
                        GET.each("min_revision", negative, REVISION_EXPECTED),
                        STOP.each("timeout_seconds", seconds, "between 0 and 3600"),
                        LOGS.each(
                                "tail_bytes",
                                List.of(-1, (1 << 20) + 1, Long.MIN_VALUE, Long.MAX_VALUE),
                                "between 0 and 1048576"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> lists() {
        String token = "next_page_token of a page with the same filters";
        Call filtered = LIST.with("state", 3);
        return Stream.of(
                        LIST.each("type", List.of(4, -1), ENUM),
                        LIST.each("state", List.of(12, -1), ENUM),
                        LIST.each("node_id", withoutEmpty(IDS), UUID_EXPECTED),
                        LIST.each("name", withoutEmpty(NAMES), "1-63 lower-case"),
                        Values.labels(LIST, "label_selector"),
                        LIST.each("page_size", List.of(-1, Integer.MIN_VALUE), ">= 0"),
                        LIST.each(
                                "page_token",
                                List.of("x", "{nodes_token}", "{tampered_token}", LONG, "\n"),
                                token),
                        filtered.each("page_token", List.of("{instances_token}"), token),
                        WATCH.each("instance_id", withoutEmpty(IDS), UUID_EXPECTED),
                        WATCH.each("type", List.of(4, -1), ENUM),
                        WATCH.each("state", List.of(12, -1), ENUM),
                        WATCH.each("node_id", withoutEmpty(IDS), UUID_EXPECTED),
                        Values.labels(WATCH, "label_selector"),
                        WATCH.each("resume_revision", List.of(-1, Long.MIN_VALUE), ">= 0"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> images() {
        String token = "next_page_token of a page with the same filters";
        return Stream.of(
                        IMAGES.each("type", List.of(4, -1), ENUM),
                        IMAGES.each("page_size", List.of(-1, Integer.MIN_VALUE), ">= 0"),
                        IMAGES.each("page_token", List.of("x", "{instances_token}", LONG), token),
                        PULL.each(
                                "image_ref",
                                List.of("", "a b", "a\n", "\u00e9", "a\u0000", "x".repeat(1025)),
                                "an image reference of 1-1024"),
                        PULL.each("type", List.of(0, 4, -1), "INSTANCE_TYPE_VM"),
                        Stream.of(
                                PULL.refused(
                                        "",
                                        "",
                                        Code.UNIMPLEMENTED,
                                        "PULL_NOT_AVAILABLE",
                                        "import it on the nodes")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> consoles() {
        List<Object> sides = List.of(-1, 10_001, Integer.MIN_VALUE, Integer.MAX_VALUE);
        byte[] large = new byte[64 * 1024 + 1];
        Call later = call(ConsoleInput.getDefaultInstance(), "AttachConsole").after(FIRST);
        return Stream.of(
                        CONSOLE.each("instance_id", IDS, UUID_EXPECTED),
                        CONSOLE.each("width", sides, "between 0 and 10000"),
                        CONSOLE.each("height", sides, "between 0 and 10000"),
                        Stream.of(CONSOLE, later)
                                .flatMap(
                                        call ->
                                                Stream.of(
                                                                call.with("resize.height", 1)
                                                                        .each(
                                                                                "resize.width",
                                                                                List.of(
                                                                                        0, -1,
                                                                                        10_001),
                                                                                "between 1"),
                                                                call.with("resize.width", 1)
                                                                        .each(
                                                                                "resize.height",
                                                                                List.of(
                                                                                        0, -1,
                                                                                        10_001),
                                                                                "between 1"),
                                                                Stream.of(
                                                                        call.bad(
                                                                                "data",
                                                                                large,
                                                                                "at most 65536")))
                                                        .flatMap(rows -> rows)),
                        later.each("instance_id", List.of(UNKNOWN, "x"), "the first message's"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> states() {
        Code state = Code.FAILED_PRECONDITION;
        Stream<Row> unknown =
                Stream.of(DELETE, GET, START, STOP, RESTART, STATS, LOGS, WATCH, CONSOLE)
                        .map(
                                call ->
                                        call.refused(
                                                "instance_id",
                                                UNKNOWN,
                                                Code.NOT_FOUND,
                                                "NOT_FOUND",
                                                "instance not found: " + UNKNOWN));
        Stream<Row> old =
                Stream.of(DELETE, START, STOP, RESTART)
                        .map(
                                call ->
                                        call.refused(
                                                "expected_revision",
                                                1,
                                                Code.ABORTED,
                                                "REVISION_MISMATCH",
                                                "read it again"));
        Stream<Row> local =
                Stream.of(DELETE, START, STOP, RESTART)
                        .map(
                                call ->
                                        call.refused(
                                                "instance_id",
                                                "{local}",
                                                state,
                                                "LOCAL_INSTANCE",
                                                "AgentService"));
        Stream<Row> stopped =
                Stream.of(STOP, RESTART, STATS, CONSOLE)
                        .map(
                                call ->
                                        call.refused(
                                                "instance_id",
                                                "{stopped}",
                                                state,
                                                "WRONG_STATE",
                                                "STOPPED"));
        Stream<Row> rest =
                Stream.of(
                        START.refused("", "", state, "WRONG_STATE", "STOPPED or FAILED"),
                        LOGS.refused(
                                "instance_id", "{waiting}", state, "WRONG_STATE", "not placed"),
                        STATS.refused("instance_id", "{waiting}", state, "WRONG_STATE", "PENDING"));
        return Stream.of(unknown, old, local, stopped, rest).flatMap(rows -> rows);
    }
}
